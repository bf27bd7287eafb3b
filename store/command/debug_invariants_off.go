//go:build !invariants

package command

func debugInvariants() []debugSubcommand { return nil }
