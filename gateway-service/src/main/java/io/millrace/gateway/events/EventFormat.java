package io.millrace.gateway.events;

enum EventFormat { JSON, TEXT, BINARY }
