package command

import (
	"crypto/rand"
	"encoding/hex"

	"spindle/resp"
	"spindle/store/acl"
)

// ACL: who may do what. The rules are store/acl's; acl_check.go asks them before a command runs, acl_users.go makes changed users
// felt by their clients, acl_file.go reads and writes files of users.

var aclCommands = []*Command{
	{Name: "acl", Arity: -2, Group: "server", Since: "6.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for Access List Control commands ",
		Subs: []*Command{
			{Name: "genpass", Arity: -2, Flags: NoScript | Loading | Stale, Group: "server", Since: "6.0.0", Complexity: "O(1)",
				Syntax: "[bits:integer]", Summary: "Generate a pseudorandom secure password to use for ACL users", Run: aclGenpassCommand},
			{Name: "load", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(N). Where N is the number of configured users.",
				Summary:    "Reload the ACLs from the configured ACL file", Run: aclLoadCommand},
			{Name: "users", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(N). Where N is the number of configured users.",
				Summary:    "List the username of all the configured ACL rules", Run: aclUsersCommand},
			{Name: "cat", Arity: -2, Flags: NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(1) since the categories and commands are a fixed set.", Syntax: "[categoryname]",
				Summary: "List the ACL categories or the commands inside a category", Run: aclCatCommand},
			{Name: "setuser", Arity: -3, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(N). Where N is the number of rules provided.",
				History: []Change{{"6.2.0", "Added Pub/Sub channel patterns."},
					{"7.0.0", "Added selectors and key based permissions."}}, Syntax: "username [rule...]",
				Summary: "Modify or create the rules for a specific ACL user", Run: aclSetuserCommand},
			{Name: "deluser", Arity: -3, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(1) amortized time considering the typical user.", Syntax: "username...",
				Summary: "Remove the specified ACL users and the associated rules", Run: aclDeluserCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "6.0.0", Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands", Run: aclHelpCommand},
			{Name: "getuser", Arity: 3, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(N). Where N is the number of password, command and pattern rules that the user has.",
				History: []Change{{"6.2.0", "Added Pub/Sub channel patterns."},
					{"7.0.0", "Added selectors and changed the format of key and channel patterns from a list to their rule representation."}},
				Syntax: "username", Summary: "Get the rules for a specific ACL user", Run: aclGetuserCommand},
			{Name: "save", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(N). Where N is the number of configured users.",
				Summary:    "Save the current ACL rules in the configured ACL file", Run: aclSaveCommand},
			{Name: "log", Arity: -2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(N) with N being the number of entries shown.", Syntax: "[operation(count:integer|RESET)]",
				Summary: "List latest events denied because of ACLs in place", Run: aclLogCommand},
			{Name: "whoami", Arity: 2, Flags: NoScript | Loading | Stale, Group: "server", Since: "6.0.0", Complexity: "O(1)",
				Summary: "Return the name of the user associated to the current connection", Run: aclWhoamiCommand},
			{Name: "dryrun", Arity: -4, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "7.0.0", Complexity: "O(1).",
				Syntax:  "username command [arg...]",
				Summary: "Returns whether the user can execute the given command without executing the command.", Run: aclDryrunCommand},
			{Name: "list", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "6.0.0",
				Complexity: "O(N). Where N is the number of configured users.",
				Summary:    "List the current ACL rules in ACL config file format", Run: aclListCommand},
		}},
}

func aclWhoamiCommand(c *Ctx) error {
	c.Out.BulkString(c.C.userName())
	return nil
}

func aclUsersCommand(c *Ctx) error {
	c.replyStrings(c.S.access.users.Names())
	return nil
}

func aclListCommand(c *Ctx) error {
	c.replyStrings(c.S.access.users.Lines())
	return nil
}

func (c *Ctx) replyStrings(list []string) {
	c.Out.Array(len(list))
	for _, s := range list {
		c.Out.BulkString(s)
	}
}

func aclGetuserCommand(c *Ctx) error {
	users := c.S.access.users
	u := users.Find(c.Args[2])
	if u == nil {
		c.Out.Null()
		return nil
	}
	w := c.Out
	w.Map(6)
	w.BulkString("flags")
	flags := u.Flags()
	w.Set(len(flags))
	for _, f := range flags {
		w.BulkString(f)
	}
	w.BulkString("passwords")
	c.replyStrings(u.Passwords())
	selectors := u.Selectors(users.Commands())
	c.replySelector(selectors[0])
	w.BulkString("selectors")
	w.Array(len(selectors) - 1)
	for _, s := range selectors[1:] {
		w.Map(3)
		c.replySelector(s)
	}
	return nil
}

// replySelector writes three pairs of a map.
func (c *Ctx) replySelector(s acl.SelectorInfo) {
	for _, pair := range [][2]string{{"commands", s.Commands}, {"keys", s.Keys}, {"channels", s.Channels}} {
		c.Out.BulkString(pair[0])
		c.Out.BulkString(pair[1])
	}
}

// aclCatCommand lists the categories, or the commands of one.
func aclCatCommand(c *Ctx) error {
	switch len(c.Args) {
	case 2:
		c.replyStrings(categoryNames)
		return nil
	case 3:
	default:
		return resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	}
	cat := parseCategory(c.Args[2])
	if cat == 0 {
		return resp.ErrUnknownCategory(c.Args[2])
	}
	d, n := c.Out.ReserveArray(), 0
	for _, cmd := range c.S.table.byOriginalName() {
		if cmd.AllCategories()&cat != 0 {
			c.Out.BulkString(cmd.full)
			n++
		}
	}
	c.Out.SetLen(d, n)
	return nil
}

const (
	passwordBits    = 256 // what GENPASS makes unless asked for another size
	passwordBitsMax = 4096
)

// aclGenpassCommand makes up a password, in hexadecimal. It does not come from the server's random source, whose numbers could be
// foretold by who has seen enough of them.
func aclGenpassCommand(c *Ctx) error {
	bits := int64(passwordBits)
	switch len(c.Args) {
	case 2:
	case 3:
		var err error
		if bits, err = c.Int(2); err != nil {
			return err
		}
		if bits < 1 || bits > passwordBitsMax {
			return resp.ErrGenpassBits
		}
	default:
		return resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	}
	digits := int(bits+3) / 4
	raw := make([]byte, (digits+1)/2)
	rand.Read(raw)
	c.Out.BulkString(hex.EncodeToString(raw)[:digits])
	return nil
}

// aclDryrunCommand tells whether a user could run a command.
func aclDryrunCommand(c *Ctx) error {
	u, args := c.S.access.users.Find(c.Args[2]), c.Args[3:]
	if u == nil {
		return resp.ErrUserNotFound(c.Args[2])
	}
	cmd, unknownSub := c.S.table.find(args)
	if cmd == nil || unknownSub {
		return resp.ErrCommandNotFound(args[0])
	}
	if !cmd.takes(len(args)) {
		return resp.ErrWrongArity(cmd.full)
	}
	d := c.S.checkUser(u, cmd, args)
	switch d.Reason {
	case acl.Allowed:
		c.Out.OK()
	case acl.DeniedKey:
		c.Out.BulkString("This user has no permissions to access the '" + acl.CString(args[d.Pos]) + "' key")
	case acl.DeniedChannel:
		c.Out.BulkString("This user has no permissions to access the '" + acl.CString(args[d.Pos]) + "' channel")
	default:
		c.Out.BulkString("This user has no permissions to run the '" + cmd.full + "' command")
	}
	return nil
}

// defaultLogEntries is how many entries ACL LOG shows if nobody says.
const defaultLogEntries = 10

func aclLogCommand(c *Ctx) error {
	log, n := &c.S.access.log, int64(defaultLogEntries)
	switch {
	case len(c.Args) > 3:
		return resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	case len(c.Args) == 3 && isToken(c.Args[2], "RESET"):
		log.Reset()
		c.Out.OK()
		return nil
	case len(c.Args) == 3:
		var err error
		if n, err = c.Int(2); err != nil {
			return err
		}
	}
	n = min(max(n, 0), int64(log.Len()))
	c.Out.Array(int(n))
	for e := range log.Latest(int(n)) {
		c.replyDenial(e)
	}
	return nil
}

func (c *Ctx) replyDenial(e *acl.Entry) {
	w := c.Out
	text := func(name, value string) { w.BulkString(name); w.BulkString(value) }
	w.Map(7)
	w.BulkString("count")
	w.Int(e.Count)
	text("reason", e.Reason.String())
	text("context", e.Context.String())
	text("object", e.Object)
	text("username", e.User)
	w.BulkString("age-seconds")
	w.Double(float64(c.Now()-e.AtMs) / 1000)
	text("client-info", e.Client)
}

func aclHelpCommand(c *Ctx) error { return c.help(aclHelp) }

const aclHelp = `
CAT [<category>]
    List all commands that belong to <category>, or all command categories
    when no category is specified.
DELUSER <username> [<username> ...]
    Delete a list of users.
DRYRUN <username> <command> [<arg> ...]
    Returns whether the user can execute the given command without executing the command.
GETUSER <username>
    Get the user's details.
GENPASS [<bits>]
    Generate a secure 256-bit user password. The optional ` + "`bits`" + ` argument can
    be used to specify a different size.
LIST
    Show users details in config file format.
LOAD
    Reload users from the ACL file.
LOG [<count> | RESET]
    Show the ACL log entries.
SAVE
    Save the current config to the ACL file.
SETUSER <username> <attribute> [<attribute> ...]
    Create or modify a user with the specified attributes.
USERS
    List all the registered usernames.
WHOAMI
    Return the current connection username.
`
