"""What all tests share: patience."""

import hypothesis

hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine is not a defect
hypothesis.settings.load_profile("patient")
