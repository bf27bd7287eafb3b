package command

import (
	"errors"

	"spindle/resp"
	"spindle/store/config"
)

// CONFIG, over store/config.

var configCommands = []*Command{
	{Name: "config", Arity: -2, Group: "server", Since: "2.0.0", Complexity: "Depends on subcommand.", Summary: "A container for server configuration commands", Subs: []*Command{
		{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "5.0.0", Complexity: "O(1)", Summary: "Show helpful text about the different subcommands", Run: configHelpCommand},
		{Name: "get", Arity: -3, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.0.0", Complexity: "O(N) when N is the number of configuration parameters provided", History: []Change{{"7.0.0", "Added the ability to pass multiple pattern parameters in one call"}}, Syntax: "parameter((parameter))...", Summary: "Get the values of configuration parameters", Run: configGetCommand},
		{Name: "resetstat", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.0.0", Complexity: "O(1)", Summary: "Reset the stats returned by INFO", Run: configResetstatCommand},
		{Name: "rewrite", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.8.0", Complexity: "O(1)", Summary: "Rewrite the configuration file with the in memory configuration", Run: configRewriteCommand},
		{Name: "set", Arity: -4, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.0.0", Complexity: "O(N) when N is the number of configuration parameters provided", Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}, History: []Change{{"7.0.0", "Added the ability to set multiple parameters in one call."}}, Syntax: "parameter_value(parameter value)...", Summary: "Set configuration parameters to the given values", Run: configSetCommand},
	}},
}

func configGetCommand(c *Ctx) error {
	pairs := c.S.Config.Get(c.Args[2:])
	c.Out.Map(len(pairs))
	for _, p := range pairs {
		c.Out.BulkString(p.Name)
		c.Out.BulkString(p.Value)
	}
	return nil
}

func configSetCommand(c *Ctx) error {
	local := c.C.conn == nil || c.C.conn.IsUnix() || isLocal(c.C.conn.RemoteIP())
	switch err := c.S.Config.Set(c.Args[2:], local); {
	case err == nil:
		c.Out.OK()
		return nil
	case errors.Is(err, config.ErrLoading):
		return resp.ErrLoading
	default:
		return resp.Error("ERR " + err.Error())
	}
}

func configRewriteCommand(c *Ctx) error {
	switch err := c.S.Config.Rewrite(); {
	case err == nil:
		c.Out.OK()
		return nil
	case errors.Is(err, config.ErrNoFile):
		return resp.Error("ERR " + err.Error())
	default:
		return resp.Error("ERR Rewriting config file: " + err.Error())
	}
}

func configResetstatCommand(c *Ctx) error {
	s := c.S
	s.stats = Stats{}
	s.Store.Hits, s.Store.Misses, s.Store.ExpiredKeys = 0, 0, 0
	s.errors = nil
	s.table.each(func(cmd *Command) { cmd.stats = CallStats{} })
	c.Out.OK()
	return nil
}

func configHelpCommand(c *Ctx) error { return c.help(configHelp) }
