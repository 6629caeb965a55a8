"""The options, each said once, in groups that commands share: one group a panel of the help."""
