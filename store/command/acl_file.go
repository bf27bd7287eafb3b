package command

import (
	"errors"
	"os"

	"spindle/aof"
	"spindle/resp"
	"spindle/store/acl"
	"spindle/store/config"
)

// Where users are kept: in redis.conf or in a file of their own (aclfile), not both.

var (
	errUsersTwice = errors.New("Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both.")
	errUsers      = errors.New("Critical error while loading ACLs. Exiting.")
)

// LoadUsers makes the users that redis.conf or the file of users declares. An error is a reason not to start.
func (s *Server) LoadUsers() error {
	cfg := s.Config
	defer s.usersChanged()
	if cfg.Aclfile != "" && len(cfg.Users) > 0 {
		return errUsersTwice
	}
	for _, l := range cfg.Users {
		if err := s.declareUser(l.Args); err != nil {
			s.logf(aof.Warning, "%v", err)
			return errUsers
		}
	}
	if cfg.Aclfile != "" {
		if _, err := s.loadUserFile(); err != nil {
			return errors.New("Aborting Redis startup because of ACL errors: " + err.Error())
		}
	}
	return nil
}

func (s *Server) declareUser(words []string) error {
	if acl.CheckName(words[0]) != nil {
		return errors.New("Spaces not allowed in ACL usernames")
	}
	u, err := s.access.users.Declare(words)
	var rule *acl.RuleError
	switch {
	case errors.As(err, &rule):
		return errors.New("Error loading ACL rule '" + rule.Rule + "' for the user named '" + words[0] + "': " + rule.Err.Error())
	case err != nil:
		return err
	case !u.Enabled():
		s.logf(aof.Notice, "The user '%s' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error.", words[0])
	}
	return nil
}

// loadUserFile replaces all users by those in the file and returns those who are gone.
func (s *Server) loadUserFile() ([]*acl.User, error) {
	name := s.Config.Aclfile
	text, err := os.ReadFile(s.Config.Path(name))
	if err != nil {
		return nil, errors.New("Error loading ACLs, opening file '" + name + "': " + config.SystemText(err))
	}
	return s.access.users.Load(name, string(text))
}

// aclLoadCommand reads the file of users again. All users but the default one are new ones then, so their clients
// have to come again.
func aclLoadCommand(c *Ctx) error {
	if c.S.Config.Aclfile == "" {
		return resp.ErrNoACLFile
	}
	gone, err := c.S.loadUserFile()
	if err != nil {
		return err
	}
	c.S.usersChanged()
	for _, u := range gone {
		c.endUser(u)
	}
	c.Out.OK()
	return nil
}

// aclSaveCommand writes all users to the file, which is replaced as a whole.
func aclSaveCommand(c *Ctx) error {
	if c.S.Config.Aclfile == "" {
		return resp.ErrNoACLFile
	}
	text := ""
	for _, line := range c.S.access.users.Lines() {
		text += line + "\n"
	}
	if err := config.ReplaceFile(c.S.Config.Path(c.S.Config.Aclfile), text); err != nil {
		c.S.logf(aof.Warning, "Writing ACL file for ACL SAVE: %s", config.SystemText(err))
		return resp.ErrACLSave
	}
	c.Out.OK()
	return nil
}
