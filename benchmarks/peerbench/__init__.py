"""What users would pretrain with in place of `suite pretrain`, on the same tokens and the same clock."""
