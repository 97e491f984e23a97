"""What browsers put straight into a bucket is scanned when the bucket says that it arrived."""
