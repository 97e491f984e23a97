"""Telling other servers: signed by the Standard Webhooks convention, kept until it is delivered.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""
