"""From rows to a task's model. `finetune` tells the story; every other file is one of its steps."""
