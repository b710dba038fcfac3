"""The screens: one thin file per task. Each asks the facade (``clf_core.api``) and draws; no learning happens here."""
