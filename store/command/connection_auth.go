package command

import (
	"spindle/resp"
	"spindle/store/acl"
)

// authenticate lets the client in as a user. Where it fails, the client stays who it was.
func (c *Ctx) authenticate(name, password []byte) error {
	u := c.S.access.users.Find(name)
	if u == nil || !u.Authenticates(password) {
		e := acl.Entry{Reason: acl.DeniedAuth, Object: string(c.Args[0]), User: string(name)}
		if c.C.multi != nil {
			e.Context = acl.Multi
		}
		c.S.logDenial(c.C, e)
		return resp.ErrWrongPass
	}
	c.C.becomes(u, true)
	return nil
}

func authCommand(c *Ctx) error {
	user, password := []byte(acl.DefaultName), c.Args[1]
	switch {
	case len(c.Args) > 3:
		return resp.ErrSyntax
	case len(c.Args) == 3:
		user, password = c.Args[1], c.Args[2]
	case c.S.access.users.Default.NoPass():
		return resp.ErrAuthNoPassword
	}
	if err := c.authenticate(user, password); err != nil {
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
	if !c.C.authenticated {
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
		return c.authenticate(user, password)
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
