package command

import (
	"crypto/sha256"
	"crypto/subtle"

	"spindle/resp"
)

const defaultUser = "default"

// authenticate lets a client in as a user. It is the one place that decides about passwords.
func (s *Server) authenticate(c *Client, user, password []byte) error {
	required := s.Config.Requirepass
	if string(user) != defaultUser || required != "" && !samePassword(required, password) {
		return resp.ErrWrongPass
	}
	c.authenticated()
	return nil
}

// samePassword compares in a time that tells nothing about where the difference is.
func samePassword(want string, got []byte) bool {
	a, b := sha256.Sum256([]byte(want)), sha256.Sum256(got)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// requirepassChanged lets everybody in when no password is needed any more. Who is in stays in.
func (s *Server) requirepassChanged() error {
	if s.Config.Requirepass == "" {
		for _, c := range s.clients {
			c.authenticated()
		}
	}
	return nil
}

// initAuth lets a client in if no password is required, and asks it for one otherwise.
func (s *Server) initAuth(c *Client) {
	if s.Config.Requirepass != "" {
		c.gates |= gateAuth
		c.parser.Limits.Authenticated = false
		return
	}
	c.authenticated()
}

// authenticated lifts the limits on what a client may send.
func (c *Client) authenticated() {
	c.gates &^= gateAuth
	c.parser.Limits.Authenticated = true
}

// userName returns the user that the client has authenticated as.
func (c *Client) userName() string { return defaultUser }

func authCommand(c *Ctx) error {
	user, password := []byte(defaultUser), c.Args[1]
	switch {
	case len(c.Args) > 3:
		return resp.ErrSyntax
	case len(c.Args) == 3:
		user, password = c.Args[1], c.Args[2]
	case c.S.Config.Requirepass == "":
		return resp.ErrAuthNoPassword
	}
	if err := c.S.authenticate(c.C, user, password); err != nil {
		return err
	}
	c.Out.OK()
	return nil
}

// helloCommand switches the protocol, and may authenticate and name the client on the way. Options take effect one by one,
// as in Redis.
func helloCommand(c *Ctx) error {
	proto := int64(0)
	if len(c.Args) > 1 {
		var ok bool
		if proto, ok = resp.ParseInt(c.Args[1]); !ok {
			return resp.ErrProtoNotInt
		}
		if proto < 2 || proto > 3 {
			return resp.ErrNoProto
		}
	}
	for a := c.Options(2); a.More(); {
		if err := c.helloOption(&a); err != nil {
			return err
		}
	}
	if c.C.gates&gateAuth != 0 {
		return resp.ErrNoAuthHello
	}
	if proto != 0 {
		c.Out.Proto = int(proto)
	}
	c.replyHello()
	return nil
}

func (c *Ctx) helloOption(a *Cursor) error {
	switch {
	case a.TokenWith("AUTH", 2):
		user, _ := a.Next()
		password, _ := a.Next()
		return c.S.authenticate(c.C, user, password)
	case a.TokenWith("SETNAME", 1):
		name, _ := a.Next()
		return c.C.setName(name)
	}
	option, _ := a.Next()
	return resp.ErrHelloOption(option)
}

func (c *Ctx) replyHello() {
	w := c.Out
	w.Map(7)
	w.BulkString("server")
	w.BulkString("redis")
	w.BulkString("version")
	w.BulkString(RedisVersion)
	w.BulkString("proto")
	w.Int(int64(max(w.Proto, 2)))
	w.BulkString("id")
	w.Int(c.C.ID)
	w.BulkString("mode")
	w.BulkString("standalone")
	w.BulkString("role")
	w.BulkString("master")
	w.BulkString("modules")
	w.EmptyArray()
}
