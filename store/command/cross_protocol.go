package command

import "spindle/aof"

// attackLogEveryMs is the least time between two log lines about it: the attacker decides how often it happens.
const attackLogEveryMs = 60_000

// crossProtocol reports whether a word that is no command begins a line of HTTP.
func crossProtocol(word []byte) bool { return equalFold("post", word) || equalFold("host:", word) }

// repel ends, without a word, the connection of a web browser that somebody led to send commands to us in the body of
// a request. Nothing that follows the request's head may be executed.
func (s *Server) repel(c *Client) {
	if s.attackLoggedMs == 0 || s.nowMs-s.attackLoggedMs >= attackLogEveryMs {
		s.attackLoggedMs = s.nowMs
		s.logf(aof.Warning, "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from %s aborted.", c.conn.RemoteAddr())
	}
	s.kill(c)
}
