"""The attentions there are: each module in this folder registers one (`models.registry`)."""
