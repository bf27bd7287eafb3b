package command

import "spindle/resp"

// MODULE. Modules are shared objects written against Redis's memory; none can be loaded here.

var moduleCommands = []*Command{
	{Name: "module", Arity: -2, Group: "server", Since: "4.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for module commands",
		Subs: []*Command{
			{Name: "load", Arity: -3, Flags: Admin | NoScript | NoAsyncLoading, Group: "server", Since: "4.0.0",
				Complexity: "O(1)", Syntax: "path [arg...]", Summary: "Load a module", Run: moduleLoadCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "5.0.0", Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands", Run: moduleHelpCommand},
			{Name: "loadex", Arity: -3, Flags: Admin | NoScript | NoAsyncLoading, Group: "server", Since: "7.0.0",
				Complexity: "O(1)", Syntax: "path [CONFIG=configs(name value)+...] [ARGS=args((arg))...]",
				Summary: "Load a module with extended parameters", Run: moduleLoadexCommand},
			{Name: "list", Arity: 2, Flags: Admin | NoScript, Group: "server", Since: "4.0.0",
				Complexity: "O(N) where N is the number of loaded modules.",
				Tips:       []string{"nondeterministic_output_order"}, Summary: "List all modules loaded by the server",
				Run: moduleListCommand},
			{Name: "unload", Arity: 3, Flags: Admin | NoScript | NoAsyncLoading, Group: "server", Since: "4.0.0",
				Complexity: "O(1)", Syntax: "name", Summary: "Unload a module", Run: moduleUnloadCommand},
		}},
}

func moduleListCommand(c *Ctx) error {
	c.Out.EmptyArray()
	return nil
}

func moduleLoadCommand(c *Ctx) error   { return errNoModules }
func moduleLoadexCommand(c *Ctx) error { return errNoModules }
func moduleUnloadCommand(c *Ctx) error { return errNoModules }
func moduleHelpCommand(c *Ctx) error   { return c.help(moduleHelp) }

var errNoModules = resp.ErrNotEnabled("MODULE", "enable-module-command")
