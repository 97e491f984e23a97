"""Pictures that browsers put straight into a bucket."""
