"""From text to a backbone. `pretrain` tells the story; every other file is one of its steps."""
