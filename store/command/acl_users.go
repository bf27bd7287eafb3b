package command

import (
	"errors"

	"spindle/resp"
	"spindle/store/acl"
	"spindle/store/config"
)

// Users that change while clients are at work as them.

// initAccess makes the default user and follows what the configuration says about users. Those that it declares come
// with LoadUsers.
func (s *Server) initAccess() {
	cfg := s.Config
	users := acl.NewUsers(newACLCommands(s.table))
	s.access.users = users
	pubsubDefault := func() error {
		users.AllChannels = cfg.AclPubsubDefault == config.AllChannels
		return nil
	}
	pubsubDefault()
	cfg.OnChange("acl-pubsub-default", pubsubDefault)
	requirepass := func() error {
		users.SetDefaultPassword(cfg.Requirepass)
		s.usersChanged()
		return nil
	}
	requirepass()
	cfg.OnChange("requirepass", requirepass)
	cfg.UserLines = func() []string {
		if cfg.Aclfile != "" {
			return nil // they are in that file
		}
		return users.Lines()
	}
}

// usersChanged has all clients feel that their users may have changed.
func (s *Server) usersChanged() {
	d := s.access.users.Default
	s.access.authRequired = !d.NoPass() || !d.Enabled()
	for _, c := range s.clients {
		c.userChanged()
	}
}

// initAuth makes a client the default user. Whether it has to authenticate first depends on that user.
func (s *Server) initAuth(c *Client) {
	c.becomes(s.access.users.Default, !s.access.authRequired)
}

// becomes makes the client another user.
func (c *Client) becomes(u *acl.User, authenticated bool) {
	c.user, c.authenticated = u, authenticated
	c.userChanged()
}

// userChanged sets the gates that depend on the user. A client that has not authenticated may send little only.
func (c *Client) userChanged() {
	waits := c.s.access.authRequired && !c.authenticated
	c.gates &^= gateAuth | gateACL
	if waits {
		c.gates |= gateAuth
	}
	if !c.user.Unrestricted() {
		c.gates |= gateACL
	}
	c.parser.Limits.Authenticated = !waits
}

// userName returns the name of the client's user.
func (c *Client) userName() string {
	if c.user == nil { // the log, which is replayed
		return acl.DefaultName
	}
	return c.user.Name
}

func aclSetuserCommand(c *Ctx) error {
	name, users := string(c.Args[2]), c.S.access.users
	if err := acl.CheckName(name); err != nil {
		return err
	}
	rules := make([]string, 0, len(c.Args)-3)
	for _, a := range c.Args[3:] {
		rules = append(rules, string(a))
	}
	changed, err := users.Changed(name, rules)
	if err != nil {
		return err
	}
	c.cutSubscribers(users.Find(c.Args[2]), changed)
	users.Put(changed)
	c.S.usersChanged()
	c.Out.OK()
	return nil
}

// cutSubscribers ends the connections of a user who are subscribed to what the changed user may not see.
func (c *Ctx) cutSubscribers(u, changed *acl.User) {
	if u == nil || !changed.LosesChannels(u) {
		return
	}
	for _, other := range c.S.clients {
		if other.user == u && !other.subs.allowedTo(changed) {
			c.endConnection(other)
		}
	}
}

// allowedTo reports whether a user may have these subscriptions.
func (subs *subscriptions) allowedTo(u *acl.User) bool {
	if subs == nil {
		return true
	}
	for kind := range subs.byKind {
		for name := range subs.byKind[kind] {
			if !u.MayKeep(name, channelKind(kind) == patternChannel) {
				return false
			}
		}
	}
	return true
}

// endConnection ends a client's connection; that of the client who runs the command ends after the reply.
func (c *Ctx) endConnection(other *Client) {
	if other == c.C {
		other.flags |= closing
		return
	}
	c.S.kill(other)
}

func aclDeluserCommand(c *Ctx) error {
	for _, name := range c.Args[2:] {
		if string(name) == acl.DefaultName {
			return resp.ErrDeleteDefaultUser
		}
	}
	n := int64(0)
	for _, name := range c.Args[2:] {
		if u := c.S.access.users.Delete(name); u != nil {
			c.endUser(u)
			n++
		}
	}
	c.Out.Int(n)
	return nil
}

// endUser ends the connections of a user that is no more.
func (c *Ctx) endUser(u *acl.User) {
	for _, other := range c.S.clients {
		if other.user == u {
			other.becomes(c.S.access.users.Default, false)
			c.endConnection(other)
		}
	}
}

// checkUsers returns what is wrong with the user lines of a configuration, apart from commands that do not exist, about which
// LoadUsers complains.
func checkUsers(cfg *config.Config, t *table) error {
	users := acl.NewUsers(newACLCommands(t))
	users.AllChannels = cfg.AclPubsubDefault == config.AllChannels
	seen := map[string]bool{}
	for _, l := range cfg.Users {
		name := l.Args[0]
		if seen[name] {
			return l.Error("Error in user declaration '" + name + "': " + acl.ErrDuplicate.Error())
		}
		seen[name] = true
		if err := users.CheckDeclaration(l.Args); err != nil {
			return l.Error(declarationError(l.Args, err))
		}
	}
	return nil
}

// declarationError words an error in a user line. The word it quotes is two before the wrong rule, as in Redis.
func declarationError(words []string, err error) string {
	var rule *acl.RuleError
	if !errors.As(err, &rule) {
		return "Error in user declaration '" + words[0] + "': " + err.Error()
	}
	quoted := "user"
	if rule.Place > 0 {
		quoted = words[rule.Place-1]
	}
	return "Error in user declaration '" + quoted + "': " + rule.Err.Error()
}
