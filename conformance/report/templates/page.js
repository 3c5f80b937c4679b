"use strict";
(() => {
  const form = document.querySelector(".filter");
  const text = document.getElementById("text");
  const area = document.getElementById("area");
  const status = document.getElementById("status");
  const nothing = document.getElementById("nothing");
  const rows = [...document.querySelectorAll("tr.row")].map((row) => {
    const next = row.nextElementSibling;
    const failures = next?.classList.contains("failures") ? next : null;
    const said = row.querySelector("th").textContent + (failures?.textContent ?? "");
    return {
      row,
      failures,
      area: row.parentElement.dataset.area,
      verdicts: row.dataset.verdicts.split("|"),
      text: said.toLowerCase(),
    };
  });

  const show = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = [...form.querySelectorAll("[name=verdict]:checked")].map((box) => box.value);
    let shown = 0;
    for (const one of rows) {
      const fits =
        (!area.value || one.area === area.value) &&
        (!wanted.length || wanted.some((verdict) => one.verdicts.includes(verdict))) &&
        words.every((word) => one.text.includes(word));
      one.row.hidden = !fits;
      if (one.failures) one.failures.hidden = !fits;
      shown += fits;
    }
    for (const body of document.querySelectorAll("tbody")) {
      body.hidden = ![...body.querySelectorAll("tr.row")].some((row) => !row.hidden);
    }
    nothing.hidden = shown > 0;
    status.textContent =
      shown === rows.length ? `${rows.length} requirements` : `${shown} of ${rows.length} requirements`;
  };

  const open = () => {
    const row = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row || !row.classList.contains("row")) return;
    if (row.hidden) form.reset();
    const details = row.nextElementSibling?.querySelector(":scope > td > details");
    if (details) details.open = true;
    row.scrollIntoView();
  };

  const copy = async (button) => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) copy(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select, textarea")) return;
    event.preventDefault();
    text.focus();
  });
  show();
  open();
})();
