package command

import (
	"cmp"
	"net/netip"
	"slices"

	"spindle/aof"
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

// trusted applies protected mode: while the default user needs no password, only this machine may connect.
func (s *Server) trusted(conn Conn) bool {
	return !s.Config.ProtectedMode || !s.access.users.Default.NoPass() || conn.IsUnix() || isLocal(conn.RemoteIP())
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

// clientsEveryNanos is how often clients are looked at: once a second, be ticks late or, on an idle server, as rare as that.
const clientsEveryNanos = 950e6

// checkClients closes clients that have been idle, or have read too slowly, for too long, and those that take too much memory.
func (s *Server) checkClients() {
	s.evictClients()
	now := s.env.MonoNano()
	if now-s.cron.clientsNano < clientsEveryNanos {
		return
	}
	s.cron.clientsNano = now
	timeout := int64(s.Config.Timeout) * 1000
	for _, c := range s.clients {
		switch {
		case c.softSinceMs != 0 && c.conn != nil:
			c.limitOutput(c.conn.Pending() + len(c.held.buf))
		case timeout > 0 && c.mayTimeOut() && s.nowMs-c.activeMs > timeout:
			s.kill(c)
		}
	}
}

// mayTimeOut reports whether the client is expected to send commands.
func (c *Client) mayTimeOut() bool {
	return c.flags&(waitBlocked|waitPaused|waitScript) == 0 && c.subs == nil && c.gates&gateMonitor == 0
}

// clientMemoryMax returns what all clients together may take, in bytes; 0: no limit.
func (s *Server) clientMemoryMax() int64 {
	limit := s.Config.MaxmemoryClients
	if limit < 0 {
		return int64(s.Config.Maxmemory) / 100 * -limit
	}
	return limit
}

// evictClients closes the clients that take most while all together take more than maxmemory-clients.
func (s *Server) evictClients() {
	limit := s.clientMemoryMax()
	if limit == 0 {
		return
	}
	type taker struct {
		c     *Client
		bytes int64
	}
	var takers []taker
	sum := int64(0)
	for _, c := range s.clients {
		u := c.usage()
		sum += u.total()
		if c.flags&(noEvict|killed) == 0 {
			takers = append(takers, taker{c, u.total()})
		}
	}
	if sum <= limit {
		return
	}
	slices.SortFunc(takers, func(a, b taker) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, t := range takers {
		if sum <= limit {
			return
		}
		s.logf(aof.Notice, "Evicting client: %s", t.c.appendInfo(nil))
		s.kill(t.c)
		s.stats.EvictedClients++
		sum -= t.bytes
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
