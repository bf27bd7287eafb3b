package loop

// setKeepAlive does nothing: OpenBSD has these times for the whole system only.
func setKeepAlive(fd, idle, interval, count int) {}
