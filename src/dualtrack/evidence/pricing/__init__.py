"""Price of controls: what each control averts and what it withholds, by the same decisions with the control on, off or set otherwise."""
