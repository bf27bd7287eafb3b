package command

import "spindle/resp"

// killFilter says whom CLIENT KILL ends: clients that pass every filter given.
type killFilter struct {
	id            int64 // 0: any
	class         int   // -1: any
	user          []byte
	addr, laddr   []byte
	maxAgeSeconds int64 // at least so old
	skipMe        bool
}

func (f *killFilter) matches(c *Client) bool {
	switch {
	case f.id != 0 && c.ID != f.id,
		f.class >= 0 && c.class() != f.class,
		f.user != nil && c.userName() != string(f.user),
		f.addr != nil && c.conn.RemoteAddr() != string(f.addr),
		f.laddr != nil && c.conn.LocalAddr() != string(f.laddr),
		(c.s.nowMs-c.createdMs)/1000 < f.maxAgeSeconds:
		return false
	}
	return true
}

// clientKillCommand has two forms: an address alone, and any number of filters. The client itself gets its reply before its
// connection ends.
func clientKillCommand(c *Ctx) error {
	if len(c.Args) == 3 {
		if c.killClients(&killFilter{class: -1, addr: c.Args[2]}) == 0 {
			return resp.ErrNoSuchClient
		}
		c.Out.OK()
		return nil
	}
	f, err := c.parseKillFilter()
	if err != nil {
		return err
	}
	c.Out.Int(c.killClients(&f))
	return nil
}

func (c *Ctx) parseKillFilter() (killFilter, error) {
	f := killFilter{class: -1, skipMe: true}
	for a := c.Options(2); a.More(); {
		var err error
		switch {
		case a.TokenWith("ID", 1):
			f.id, err = a.positive(resp.ErrClientIDPositive)
		case a.TokenWith("TYPE", 1):
			name, _ := a.Next()
			f.class, err = parseClientClass(name)
		case a.TokenWith("ADDR", 1):
			f.addr, _ = a.Next()
		case a.TokenWith("LADDR", 1):
			f.laddr, _ = a.Next()
		case a.TokenWith("USER", 1):
			if f.user, _ = a.Next(); c.S.access.users.Find(f.user) == nil {
				err = resp.ErrNoSuchUser(f.user)
			}
		case a.TokenWith("MAXAGE", 1):
			f.maxAgeSeconds, err = a.positive(resp.ErrMaxage)
		case a.TokenWith("SKIPME", 1):
			f.skipMe = a.Token("YES")
			if !f.skipMe && !a.Token("NO") {
				err = resp.ErrSyntax
			}
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// positive consumes an integer above zero; anything else is the given error.
func (a *Cursor) positive(otherwise error) (int64, error) {
	n, err := a.Int()
	if err != nil || n < 1 {
		return 0, otherwise
	}
	return n, nil
}

// killClients ends the clients that pass f and returns how many did.
func (c *Ctx) killClients(f *killFilter) (n int64) {
	for _, other := range c.S.clients {
		switch {
		case other.flags&killed != 0 || !f.matches(other):
			continue
		case other != c.C:
			c.S.kill(other)
		case f.skipMe:
			continue
		default:
			c.C.flags |= closing
		}
		n++
	}
	return n
}
