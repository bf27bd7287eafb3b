package command

import (
	"bytes"
	"slices"
	"strconv"

	"spindle/resp"
	"spindle/store/config"
)

// MONITOR: a client sees the commands of all clients, as they have run.

var monitorCommands = []*Command{
	{Name: "monitor", Arity: 1, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "1.0.0",
		Summary: "Listen for all requests received by the server in real time", Run: monitorCommand},
}

func monitorCommand(c *Ctx) error {
	if !c.CanBlock() {
		return resp.ErrMonitorBlocking
	}
	if c.C.gates&gateMonitor == 0 {
		c.C.gates |= gateMonitor
		c.S.monitors = append(c.S.monitors, c.C)
		c.S.setGate(gateMonitored, true)
	}
	c.Out.OK()
	return nil
}

func (s *Server) stopMonitor(c *Client) {
	if c.gates&gateMonitor == 0 {
		return
	}
	c.gates &^= gateMonitor
	s.monitors = slices.DeleteFunc(s.monitors, func(m *Client) bool { return m == c })
	s.setGate(gateMonitored, len(s.monitors) > 0)
}

// checkMonitor keeps a monitoring client from the data, as Redis does, to which it is a kind of replica.
func (s *Server) checkMonitor(c *Client, cmd *Command, args [][]byte) error {
	if c.flagsOf(cmd, args)&(Write|ReadOnly|MayReplicate) != 0 {
		return resp.ErrMonitorKeyspace
	}
	return nil
}

// feedMonitors shows a command to those who monitor.
//
//	+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
func (s *Server) feedMonitors(c *Client, cmd *Command, args [][]byte) {
	if cmd.Flags&(Admin|SkipMonitor) != 0 {
		return
	}
	s.showMonitors(c, c.monitorName(), cmd, args)
}

// monitorName is what monitors call the client.
func (c *Client) monitorName() string {
	switch {
	case c.conn == nil:
		return "lua"
	case c.conn.IsUnix():
		return "unix:" + c.s.Config.Unixsocket
	}
	return c.conn.RemoteAddr()
}

func (s *Server) showMonitors(c *Client, name string, cmd *Command, args [][]byte) {
	micros := s.env.UnixNano() / 1e3
	b := strconv.AppendInt(append(s.pubsub.message[:0], '+'), micros/1e6, 10)
	fraction := strconv.AppendInt(nil, 1e6+micros%1e6, 10)
	b = append(append(b, '.'), fraction[1:]...)
	b = strconv.AppendInt(append(b, " ["...), int64(c.db.ID), 10)
	b = append(append(append(b, ' '), name...), ']')
	for i, a := range args {
		b = append(b, ' ')
		if secret(cmd, args, i) {
			a = []byte("(redacted)")
		}
		b = resp.AppendQuoted(b, a)
	}
	b = append(b, "\r\n"...)
	s.pubsub.message = b
	for _, m := range s.monitors {
		m.room()
		m.Out.Buf = append(m.Out.Buf, b...)
		m.pushed()
	}
}

// secret reports whether argument i of a command is a password or stands beside one, so that logs and monitors must not show it.
func secret(cmd *Command, args [][]byte, i int) bool {
	after := func(word string, n int) bool {
		for j := max(i-n, 1); j < i; j++ {
			if isToken(args[j], word) {
				return true
			}
		}
		return false
	}
	switch cmd.full {
	case "auth":
		return i > 0
	case "hello":
		return i > 1 && after("AUTH", 2)
	case "migrate":
		return i > 5 && (after("AUTH2", 2) || after("AUTH", 1))
	case "config|set":
		return i > 2 && i%2 == 1 && config.IsSensitive(string(bytes.ToLower(args[i-1])))
	case "acl|setuser", "acl|deluser", "acl|getuser":
		return i > 1
	}
	return false
}
