package command

import (
	"errors"

	"spindle/resp"
	"spindle/store/config"
)

// CONFIG, over store/config.

var configCommands = []*Command{
	{Name: "config", Arity: -2, Group: "server", Since: "2.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for server configuration commands",
		Subs: []*Command{
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "5.0.0", Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands", Run: configHelpCommand},
			{Name: "get", Arity: -3, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.0.0",
				Complexity: "O(N) when N is the number of configuration parameters provided",
				History:    []Change{{"7.0.0", "Added the ability to pass multiple pattern parameters in one call"}},
				Syntax:     "parameter((parameter))...", Summary: "Get the values of configuration parameters",
				Run: configGetCommand},
			{Name: "resetstat", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.0.0",
				Complexity: "O(1)", Summary: "Reset the stats returned by INFO", Run: configResetstatCommand},
			{Name: "rewrite", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.8.0",
				Complexity: "O(1)", Summary: "Rewrite the configuration file with the in memory configuration",
				Run: configRewriteCommand},
			{Name: "set", Arity: -4, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "2.0.0",
				Complexity: "O(N) when N is the number of configuration parameters provided",
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				History:    []Change{{"7.0.0", "Added the ability to set multiple parameters in one call."}},
				Syntax:     "parameter_value(parameter value)...",
				Summary:    "Set configuration parameters to the given values", Run: configSetCommand},
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
	if len(c.Args)%2 != 0 {
		return resp.ErrSyntax
	}
	err := c.S.Config.Set(c.Args[2:], c.C.local())
	if errors.Is(err, config.ErrLoading) {
		return resp.ErrLoading
	}
	if err != nil {
		return err
	}
	c.Out.OK()
	return nil
}

// local reports whether the client is connected from this machine.
func (c *Client) local() bool {
	return c.conn != nil && (c.conn.IsUnix() || isLocal(c.conn.RemoteIP()))
}

func configRewriteCommand(c *Ctx) error {
	if err := c.S.Config.Rewrite(); err != nil {
		return err
	}
	c.Out.OK()
	return nil
}

func configResetstatCommand(c *Ctx) error {
	c.S.resetStats()
	c.Out.OK()
	return nil
}

func configHelpCommand(c *Ctx) error { return c.help(configHelp) }
