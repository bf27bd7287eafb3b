// Package random sends the same random commands to two servers and compares
// what they answer; where they differ it looks for the shortest trace that
// shows it.
//
// Commands grow from templates (families.go). A template is a command line with
//
//	<class>     a random argument of that class (values.go)
//	( a | b )   one of them
//	[ a ]       a or nothing
//	{ a }       a, once to four times
//	{0 a }      a, up to three times
//
// and an optional normalisation of package reply in front ("@unordered SPOP ...").
// Then, now and then, an argument is replaced, dropped or doubled and the case of
// option words changes. What would make two correct servers differ (clocks, random
// choice) is taken out again at the end: see tame.go.
//
// The run is cut into epochs. An epoch starts with empty servers, ends with a
// comparison of everything they hold, and follows from the seed and its number
// alone.
package random

import (
	"fmt"
	"strings"
)

// template is a parsed command template.
type template struct {
	norm string
	root node
}

// node appends its arguments to those of the command under construction.
type node interface {
	grow(g *gen, args []string) []string
}

type (
	word   string
	class  string
	seq    []node
	choice []node
	option struct{ of node }
	repeat struct {
		of       node
		min, max int
	}
)

func (w word) grow(_ *gen, args []string) []string { return append(args, string(w)) }

func (c class) grow(g *gen, args []string) []string { return append(args, classes[string(c)](g)...) }

func (s seq) grow(g *gen, args []string) []string {
	for _, n := range s {
		args = n.grow(g, args)
	}
	return args
}

func (c choice) grow(g *gen, args []string) []string { return c[g.IntN(len(c))].grow(g, args) }

func (o option) grow(g *gen, args []string) []string {
	if g.IntN(3) == 0 {
		return o.of.grow(g, args)
	}
	return args
}

func (r repeat) grow(g *gen, args []string) []string {
	for range r.min + g.IntN(r.max-r.min+1) {
		args = r.of.grow(g, args)
	}
	return args
}

// parse reads a template. A mistake in one is ours, so it panics.
func parse(text string) template {
	var t template
	p := parser{words: strings.Fields(text)}
	if w := p.words[0]; w[0] == '@' {
		t.norm, p.words = w[1:], p.words[1:]
	}
	t.root = p.seq("")
	if len(p.words) > 0 {
		panic(fmt.Sprintf("template %q: unexpected %q", text, p.words[0]))
	}
	return t
}

type parser struct{ words []string }

// seq reads nodes up to one of the closing words, which stays.
func (p *parser) seq(closing string) node {
	var s seq
	for len(p.words) > 0 && !strings.Contains(closing, p.words[0]) {
		s = append(s, p.node())
	}
	return s
}

func (p *parser) node() node {
	w := p.words[0]
	p.words = p.words[1:]
	switch w {
	case "[":
		return option{p.closed("]")}
	case "{":
		return repeat{p.closed("}"), 1, 4}
	case "{0":
		return repeat{p.closed("}"), 0, 3}
	case "(":
		var c choice
		for {
			c = append(c, p.seq("|)"))
			end := p.words[0]
			p.words = p.words[1:]
			if end == ")" {
				return c
			}
		}
	case "]", "}", ")", "|":
		panic("template: unexpected " + w)
	}
	if name, ok := strings.CutPrefix(w, "<"); ok {
		name = strings.TrimSuffix(name, ">")
		if classes[name] == nil {
			panic("template: no class " + name)
		}
		return class(name)
	}
	return word(w)
}

func (p *parser) closed(end string) node {
	n := p.seq(end)
	p.words = p.words[1:]
	return n
}
