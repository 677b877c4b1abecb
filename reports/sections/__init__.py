"""What each part of the audit report says: figures sorted into tables, charts and sentences, still without any markup."""
