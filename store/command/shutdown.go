package command

import "spindle/aof"

// Version numbers: clients look at the first one.
const (
	RedisVersion   = "7.0.15"
	SpindleVersion = "0.1.0"
)

// VersionLine is what --version prints.
func VersionLine() string {
	return "Spindle server v=" + SpindleVersion + " redis_version=" + RedisVersion
}

// Signalled begins an orderly end, as after SIGTERM or, with interrupt, SIGINT.
func (s *Server) Signalled(interrupt bool) {
	name := "SIGTERM"
	if interrupt {
		name = "SIGINT"
	}
	s.logf(aof.Warning, "Received %s scheduling shutdown...", name)
	s.env.Stop()
}
