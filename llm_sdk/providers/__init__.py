"""One folder per wire protocol, each with the same rooms (see :mod:`llm_sdk.codec`)."""
