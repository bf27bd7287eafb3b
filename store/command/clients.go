package command

import (
	"net/netip"

	"spindle/resp"
)

// Opened makes a client of a new connection. It returns nil if the connection is refused; what to tell
// the peer has been sent then. full says that there are more connections than maxclients allows.
func (s *Server) Opened(conn Conn, full bool) *Client {
	s.BeginEvent()
	switch {
	case full:
		s.stats.Rejected++
		conn.Send([]byte("-" + string(resp.ErrMaxClients) + "\r\n"))
		return nil
	case !s.trusted(conn):
		s.stats.Rejected++
		conn.Send([]byte("-" + string(resp.ErrProtectedMode) + "\r\n"))
		return nil
	}
	s.stats.Connections++
	s.nextID++
	c := &Client{ID: s.nextID, s: s, conn: conn, db: s.Store.DBs[0], createdMs: s.nowMs, activeMs: s.nowMs}
	s.initAuth(c)
	s.clients[c.ID] = c
	return c
}

// trusted applies protected mode: without a password only this machine may connect.
func (s *Server) trusted(conn Conn) bool {
	return !s.Config.ProtectedMode || s.Config.Requirepass != "" || conn.IsUnix() || isLocal(conn.RemoteIP())
}

func isLocal(ip netip.Addr) bool { return ip.Unmap().IsLoopback() }

// Closed forgets a client whose connection has gone.
func (s *Server) Closed(c *Client) {
	c.flags |= closing
	s.leave(c)
	delete(s.clients, c.ID)
	c.parser.Release()
	c.conn = nil
	c.held = heldReplies{}
	s.forgetPostponed(c)
}

// checkClients closes clients that have been idle for too long.
func (s *Server) checkClients() {
	timeout := int64(s.Config.Timeout) * 1000
	if s.cron.ticks%10 != 0 {
		return
	}
	for _, c := range s.clients {
		if c.softSinceMs != 0 {
			c.limitOutput(c.conn.Pending() + len(c.held.buf))
		}
		if timeout > 0 && c.flags&(waitBlocked|waitPaused) == 0 && c.subs == nil && s.nowMs-c.activeMs > timeout {
			s.kill(c)
		}
	}
}

// kill ends a connection at once.
func (s *Server) kill(c *Client) {
	if c.conn != nil && c.flags&killed == 0 {
		c.flags |= closing | killed
		s.leave(c)
		c.conn.Close()
	}
}
