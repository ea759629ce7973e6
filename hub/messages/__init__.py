"""What citizens are told: the inbox first, in the transaction of what happened; then WeChat, SMS, telephone."""
