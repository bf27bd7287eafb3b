package command

import (
	"slices"
	"strings"

	"spindle/resp"
	"spindle/store/glob"
)

// COMMAND: the table, shown to clients.

var commandCommands = []*Command{
	{Name: "command", Arity: -1, Flags: Loading | Stale, Group: "server", Since: "2.8.13", Categories: CatConnection,
		Complexity: "O(N) where N is the total number of Redis commands",
		Tips:       []string{"nondeterministic_output_order"}, Summary: "Get array of Redis command details",
		Subs: []*Command{
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "5.0.0",
				Categories: CatConnection, Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands", Run: commandHelpCommand},
			{Name: "info", Arity: -2, Flags: Loading | Stale, Group: "server", Since: "2.8.13",
				Categories: CatConnection, Complexity: "O(N) where N is the number of commands to look up",
				Tips:    []string{"nondeterministic_output_order"},
				History: []Change{{"7.0.0", "Allowed to be called with no argument to get info on all commands."}},
				Syntax:  "[command-name...]",
				Summary: "Get array of specific Redis command details, or all when no argument is given.",
				Run:     commandInfoCommand},
			{Name: "count", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "2.8.13",
				Categories: CatConnection, Complexity: "O(1)", Summary: "Get total number of Redis commands",
				Run: commandCountCommand},
			{Name: "docs", Arity: -2, Flags: Loading | Stale, Group: "server", Since: "7.0.0",
				Categories: CatConnection, Complexity: "O(N) where N is the number of commands to look up",
				Tips: []string{"nondeterministic_output_order"}, Syntax: "[command-name...]",
				Summary: "Get array of specific Redis command documentation", Run: commandDocsCommand},
			{Name: "getkeys", Arity: -4, Flags: Loading | Stale, Group: "server", Since: "2.8.13",
				Categories: CatConnection, Complexity: "O(N) where N is the number of arguments to the command",
				Summary: "Extract keys given a full Redis command", Run: commandGetkeysCommand},
			{Name: "list", Arity: -2, Flags: Loading | Stale, Group: "server", Since: "7.0.0",
				Categories: CatConnection, Complexity: "O(N) where N is the total number of Redis commands",
				Tips:    []string{"nondeterministic_output_order"},
				Syntax:  "[FILTERBY=filterby(MODULE=module-name|ACLCAT=category|PATTERN=pattern)]",
				Summary: "Get an array of Redis command names", Run: commandListCommand},
			{Name: "getkeysandflags", Arity: -4, Flags: Loading | Stale, Group: "server", Since: "7.0.0",
				Categories: CatConnection, Complexity: "O(N) where N is the number of arguments to the command",
				Summary: "Extract keys and access flags given a full Redis command",
				Run:     commandGetkeysandflagsCommand},
		}, Run: commandCommand},
}

// commandCommand without a subcommand tells about all commands.
func commandCommand(c *Ctx) error {
	c.Out.Array(len(c.S.table.all))
	for _, cmd := range c.S.table.all {
		cmd.replyInfo(c.Out)
	}
	return nil
}

func commandCountCommand(c *Ctx) error {
	c.Out.Int(int64(len(c.S.table.all)))
	return nil
}

func commandInfoCommand(c *Ctx) error {
	if len(c.Args) == 2 {
		return commandCommand(c)
	}
	c.Out.Array(len(c.Args) - 2)
	for _, name := range c.Args[2:] {
		if cmd := c.S.table.byFullName(name); cmd != nil {
			cmd.replyInfo(c.Out)
		} else {
			c.Out.Null()
		}
	}
	return nil
}

// byFullName returns the command called "get" or "config|set", in any case, or nil.
func (t *table) byFullName(name []byte) *Command {
	words := make([][]byte, 0, 2)
	for word := range strings.SplitSeq(string(name), "|") {
		words = append(words, []byte(word))
	}
	cmd, unknownSub := t.find(words)
	if unknownSub || cmd == nil || len(words) > 2 || len(words) == 2 && cmd.parent == nil {
		return nil
	}
	return cmd
}

// replyInfo writes the entry of COMMAND INFO.
func (c *Command) replyInfo(w *resp.Writer) {
	first, last, step, movable := c.legacyKeys()
	w.Array(10)
	w.BulkString(c.full)
	w.Int(int64(c.Arity))
	replyFlagNames(w, c.Flags, movable)
	w.Int(int64(first))
	w.Int(int64(last))
	w.Int(int64(step))
	replyCategoryNames(w, c.AllCategories())
	w.Set(len(c.Tips))
	for _, tip := range c.Tips {
		w.BulkString(tip)
	}
	w.Set(len(c.Keys))
	for i := range c.Keys {
		c.Keys[i].reply(w)
	}
	if c.Subs == nil {
		w.Set(0)
		return
	}
	w.Array(len(c.Subs))
	for _, sub := range c.Subs {
		sub.replyInfo(w)
	}
}

func replyFlagNames(w *resp.Writer, flags Flags, movable bool) {
	d, n := w.ReserveSet(), 0
	for _, f := range flagNames {
		if flags&f.flag != 0 {
			w.Status(f.name)
			n++
		}
		if f.flag == NoMandatoryKeys && movable {
			w.Status("movablekeys")
			n++
		}
	}
	w.SetLen(d, n)
}

func replyCategoryNames(w *resp.Writer, cats Categories) {
	d, n := w.ReserveSet(), 0
	for i, name := range categoryNames {
		if cats&(1<<i) != 0 {
			w.Status("@" + name)
			n++
		}
	}
	w.SetLen(d, n)
}

// legacyKeys tells the positions of keys as old clients know them: first, last and step, where the specs allow. movable
// says that there is more to it.
func (c *Command) legacyKeys() (first, last, step int, movable bool) {
	previous := 0
	for i := range c.Keys {
		k := &c.Keys[i]
		if k.begin != beginIndex || k.find != findRange || len(c.Keys) > 1 && (k.step != 1 || previous != 0 && previous != k.index-1) {
			movable = true
			continue
		}
		movable = movable || k.Flags&Incomplete != 0
		if first == 0 || k.index < first {
			first = k.index
		}
		end := k.last
		if end >= 0 {
			end += k.index
		}
		if uint(end) > uint(last) {
			last = end
		}
		step, previous = k.step, last
	}
	return first, last, step, movable
}

// reply writes a key spec as COMMAND INFO does.
func (s *KeySpec) reply(w *resp.Writer) {
	if s.Notes != "" {
		w.Map(4)
		w.BulkString("notes")
		w.BulkString(s.Notes)
	} else {
		w.Map(3)
	}
	w.BulkString("flags")
	replyKeyFlags(w, s.Flags)
	w.BulkString("begin_search")
	switch s.begin {
	case beginIndex:
		replySpec(w, "index", "index", s.index)
	case beginKeyword:
		w.Map(2)
		w.BulkString("type")
		w.BulkString("keyword")
		w.BulkString("spec")
		w.Map(2)
		w.BulkString("keyword")
		w.BulkString(s.keyword)
		w.BulkString("startfrom")
		w.Int(int64(s.from))
	default:
		replySpec(w, "unknown")
	}
	w.BulkString("find_keys")
	switch s.find {
	case findRange:
		replySpec(w, "range", "lastkey", s.last, "keystep", s.step, "limit", s.limit)
	case findCounted:
		replySpec(w, "keynum", "keynumidx", s.numAt, "firstkey", s.first, "keystep", s.nstp)
	default:
		replySpec(w, "unknown")
	}
}

// replySpec writes one half of a key spec: its type and a map of names and numbers.
func replySpec(w *resp.Writer, kind string, pairs ...any) {
	w.Map(2)
	w.BulkString("type")
	w.BulkString(kind)
	w.BulkString("spec")
	w.Map(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		w.BulkString(pairs[i].(string))
		w.Int(int64(pairs[i+1].(int)))
	}
}

func replyKeyFlags(w *resp.Writer, flags KeyFlags) {
	d, n := w.ReserveSet(), 0
	for i, name := range keyFlagNames {
		if flags&(1<<i) != 0 {
			w.Status(name)
			n++
		}
	}
	w.SetLen(d, n)
}

// commandListCommand lists the names of commands and subcommands, all or those that a filter accepts.
func commandListCommand(c *Ctx) error {
	keep := func(cmd *Command) bool { return true }
	switch a := c.Options(2); {
	case !a.More():
	case len(c.Args) != 5 || !a.Token("FILTERBY"):
		return resp.ErrSyntax
	case a.Token("MODULE"):
		keep = func(cmd *Command) bool { return false } // there are no modules
	case a.Token("ACLCAT"):
		cat := parseCategory(c.Args[4])
		keep = func(cmd *Command) bool { return cmd.AllCategories()&cat != 0 }
	case a.Token("PATTERN"):
		keep = func(cmd *Command) bool { return glob.Match(c.Args[4], []byte(cmd.full), true) }
	default:
		return resp.ErrSyntax
	}
	d, n := c.Out.ReserveArray(), 0
	c.S.table.each(func(cmd *Command) {
		if keep(cmd) {
			c.Out.BulkString(cmd.full)
			n++
		}
	})
	c.Out.SetLen(d, n)
	return nil
}

// parseCategory returns the ACL category of that name, 0 if there is none.
func parseCategory(name []byte) Categories {
	if i := slices.IndexFunc(categoryNames, func(s string) bool { return equalFold(s, name) }); i >= 0 {
		return 1 << i
	}
	return 0
}

func commandGetkeysCommand(c *Ctx) error {
	return c.replyKeys(func(k KeyAt, key []byte) { c.Out.Bulk(key) })
}

func commandGetkeysandflagsCommand(c *Ctx) error {
	return c.replyKeys(func(k KeyAt, key []byte) {
		c.Out.Array(2)
		c.Out.Bulk(key)
		replyKeyFlags(c.Out, k.Flags)
	})
}

// replyKeys finds the keys of the command in the arguments from the third on.
func (c *Ctx) replyKeys(reply func(k KeyAt, key []byte)) error {
	args := c.Args[2:]
	cmd, unknownSub := c.S.table.find(args)
	switch {
	case cmd == nil, unknownSub:
		return resp.ErrCommandUnknown
	case !cmd.hasKeys():
		return resp.ErrNoKeyArguments
	case len(args) != cmd.Arity && (cmd.Arity > 0 || len(args) < -cmd.Arity):
		return resp.ErrCommandArgCount
	}
	keys, ok := cmd.KeysOf(args)
	if (!ok || len(keys) == 0) && cmd.Flags&NoMandatoryKeys == 0 {
		return resp.ErrCommandArgs
	}
	c.Out.Array(len(keys))
	for _, k := range keys {
		reply(k, args[k.Pos])
	}
	return nil
}

// commandDocsCommand tells about commands in words, for people and for the hints of redis-cli.
func commandDocsCommand(c *Ctx) error {
	if len(c.Args) == 2 {
		c.Out.Map(len(c.S.table.all))
		for _, cmd := range c.S.table.all {
			cmd.replyDocs(c.Out)
		}
		return nil
	}
	d, n := c.Out.ReserveMap(), 0
	for _, name := range c.Args[2:] {
		if cmd := c.S.table.byFullName(name); cmd != nil {
			cmd.replyDocs(c.Out)
			n++
		}
	}
	c.Out.SetLen(d, n)
	return nil
}

// replyDocs writes the command's name and its entry of COMMAND DOCS.
func (c *Command) replyDocs(w *resp.Writer) {
	w.BulkString(c.full)
	d, n := w.ReserveMap(), 0
	text := func(name, value string) {
		if value != "" {
			w.BulkString(name)
			w.BulkString(value)
			n++
		}
	}
	text("summary", c.Summary)
	text("since", c.Since)
	text("group", c.Group)
	text("complexity", c.Complexity)
	if c.Deprecated {
		w.BulkString("doc_flags")
		w.Set(1)
		if c.DeprecatedSince == "" {
			w.Status("syscmd")
		} else {
			w.Status("deprecated")
		}
		n++
	}
	text("deprecated_since", c.DeprecatedSince)
	text("replaced_by", c.ReplacedBy)
	if c.History != nil {
		w.BulkString("history")
		w.Set(len(c.History))
		for _, h := range c.History {
			w.Array(2)
			w.BulkString(h.Since)
			w.BulkString(h.Text)
		}
		n++
	}
	if c.Syntax != "" {
		w.BulkString("arguments")
		replyArguments(w, parseSyntax(c.Syntax))
		n++
	}
	if c.Subs != nil {
		w.BulkString("subcommands")
		w.Map(len(c.Subs))
		for _, sub := range c.Subs {
			sub.replyDocs(w)
		}
		n++
	}
	w.SetLen(d, n)
}

func replyArguments(w *resp.Writer, args []argument) {
	w.Array(len(args))
	for i := range args {
		args[i].reply(w)
	}
}

func (a *argument) reply(w *resp.Writer) {
	d, n := w.ReserveMap(), 0
	text := func(name, value string) {
		w.BulkString(name)
		w.BulkString(value)
		n++
	}
	text("name", a.name)
	text("type", a.kind)
	if a.keySpec >= 0 {
		w.BulkString("key_spec_index")
		w.Int(int64(a.keySpec))
		n++
	}
	if a.hasToken {
		text("token", a.token)
	}
	if a.since != "" {
		text("since", a.since)
	}
	if a.deprecatedSince != "" {
		text("deprecated_since", a.deprecatedSince)
	}
	if a.optional || a.multiple {
		w.BulkString("flags")
		a.replyFlags(w)
		n++
	}
	if a.args != nil {
		w.BulkString("arguments")
		replyArguments(w, a.args)
		n++
	}
	w.SetLen(d, n)
}

func (a *argument) replyFlags(w *resp.Writer) {
	d, n := w.ReserveSet(), 0
	for _, f := range []struct {
		on   bool
		name string
	}{{a.optional, "optional"}, {a.multiple, "multiple"}, {a.multipleToken, "multiple_token"}} {
		if f.on {
			w.Status(f.name)
			n++
		}
	}
	w.SetLen(d, n)
}

func commandHelpCommand(c *Ctx) error { return c.help(commandHelp) }
