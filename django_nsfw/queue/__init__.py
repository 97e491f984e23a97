"""What moderators ask for and how they share it: questions, pages, counts, claims."""
