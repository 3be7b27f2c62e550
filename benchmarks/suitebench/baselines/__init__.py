"""What a user would do without a suite, each in one file: scikit-learn, a CRF, and rules."""
