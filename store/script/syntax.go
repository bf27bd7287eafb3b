package script

import "fmt"

// The grammar of Lua 5.1, in the order and with the messages of its own parser.

const (
	levelsMax = 200 // LUAI_MAXCCALLS
	localsMax = 200 // LUAI_MAXVARS
)

// checker follows the grammar.
type checker struct {
	lexer
	level int
	fn    *scope
}

// scope is the function that is being read.
type scope struct {
	outer  *scope
	line   int // 0: the main function
	vararg bool
	locals int
	loops  int
}

// checkSyntax returns what Lua has to say against a chunk.
func checkSyntax(name, source string) (err error) {
	c := &checker{lexer: lexer{chunk: name, s: source, line: 1}}
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(chunkError)
			if !ok {
				panic(p)
			}
			err = e
		}
	}()
	c.fn = &scope{vararg: true}
	c.next()
	c.block()
	c.check(tokEOF)
	return nil
}

func (c *checker) enter() {
	if c.level++; c.level > levelsMax {
		c.fail("chunk has too many syntax levels", "")
	}
}

func (c *checker) leave() { c.level-- }

func (c *checker) expected(t token) { c.fail("'"+string(t)+"' expected", c.text) }

func (c *checker) check(t token) {
	if c.tok != t {
		c.expected(t)
	}
}

func (c *checker) want(t token) {
	c.check(t)
	c.next()
}

func (c *checker) take(t token) bool {
	if c.tok != t {
		return false
	}
	c.next()
	return true
}

// wantClosing is want for the end of what began at a line.
func (c *checker) wantClosing(end, begin token, line int) {
	switch {
	case c.tok == end:
		c.next()
	case line == c.line:
		c.expected(end)
	default:
		c.fail(fmt.Sprintf("'%s' expected (to close '%s' at line %d)", end, begin, line), c.text)
	}
}

func (c *checker) blockEnds() bool {
	switch c.tok {
	case "else", "elseif", "end", tokEOF, "until":
		return true
	}
	return false
}

// block is a sequence of statements with its own local variables.
func (c *checker) block() {
	locals := c.fn.locals
	c.statements()
	c.fn.locals = locals
}

func (c *checker) statements() {
	c.enter()
	for last := false; !last && !c.blockEnds(); {
		last = c.statement()
		c.take(";")
	}
	c.leave()
}

// statement reports whether it must be the last of its block.
func (c *checker) statement() (last bool) {
	line := c.line
	switch c.tok {
	case "if":
		c.ifStatement(line)
	case "while":
		c.next()
		c.expr()
		c.want("do")
		c.loop()
		c.wantClosing("end", "while", line)
	case "do":
		c.next()
		c.block()
		c.wantClosing("end", "do", line)
	case "for":
		c.forStatement(line)
	case "repeat":
		c.next()
		locals := c.fn.locals
		c.fn.loops++
		c.statements()
		c.fn.loops--
		c.wantClosing("until", "repeat", line)
		c.expr()
		c.fn.locals = locals
	case "function":
		c.next()
		c.want(tokName)
		for c.tok == "." {
			c.next()
			c.want(tokName)
		}
		method := c.take(":")
		if method {
			c.want(tokName)
		}
		c.body(method, line)
	case "local":
		c.local(line)
	case "return":
		c.next()
		if !c.blockEnds() && c.tok != ";" {
			c.exprs()
		}
		return true
	case "break":
		c.next()
		if c.fn.loops == 0 {
			c.fail("no loop to break", c.text)
		}
		return true
	default:
		c.exprStatement()
	}
	return false
}

func (c *checker) ifStatement(line int) {
	for c.tok == "if" || c.tok == "elseif" {
		c.next()
		c.expr()
		c.want("then")
		c.block()
	}
	if c.take("else") {
		c.block()
	}
	c.wantClosing("end", "if", line)
}

func (c *checker) loop() {
	c.fn.loops++
	c.block()
	c.fn.loops--
}

func (c *checker) forStatement(line int) {
	c.next()
	c.want(tokName)
	names := 1
	switch c.tok {
	case "=":
		c.next()
		c.expr()
		c.want(",")
		c.expr()
		if c.take(",") {
			c.expr()
		}
	case ",", "in":
		for c.take(",") {
			c.want(tokName)
			names++
		}
		c.want("in")
		c.exprs()
	default:
		c.fail("'=' or 'in' expected", c.text)
	}
	c.want("do")
	locals := c.fn.locals
	c.declare(names + 3) // and what the loop itself needs
	c.loop()
	c.fn.locals = locals
	c.wantClosing("end", "for", line)
}

// declare adds local variables to the function.
func (c *checker) declare(n int) {
	if c.fn.locals += n; c.fn.locals > localsMax {
		c.tooMany(localsMax, "local variables")
	}
}

func (c *checker) tooMany(limit int, what string) {
	if c.fn.line == 0 {
		c.fail(fmt.Sprintf("main function has more than %d %s", limit, what), "")
	}
	c.fail(fmt.Sprintf("function at line %d has more than %d %s", c.fn.line, limit, what), "")
}

func (c *checker) local(line int) {
	c.next()
	if c.take("function") {
		c.want(tokName)
		c.declare(1)
		c.body(false, line)
		return
	}
	n := 0
	for {
		c.want(tokName)
		if n++; c.fn.locals+n > localsMax {
			c.tooMany(localsMax, "local variables")
		}
		if !c.take(",") {
			break
		}
	}
	if c.take("=") {
		c.exprs()
	}
	c.declare(n)
}

// body is what follows "function": parameters and statements.
func (c *checker) body(method bool, line int) {
	c.fn = &scope{outer: c.fn, line: line}
	c.want("(")
	if method {
		c.declare(1)
	}
	if c.tok != ")" {
		for {
			switch c.tok {
			case tokName:
				c.next()
				c.declare(1)
			case "...":
				c.next()
				c.fn.vararg = true
			default:
				c.fail("<name> or '...' expected", c.text)
			}
			if c.fn.vararg || !c.take(",") {
				break
			}
		}
	}
	c.want(")")
	c.statements()
	c.wantClosing("end", "function", line)
	c.fn = c.fn.outer
}

// kinds of expressions, as far as it matters.
type exprKind int

const (
	exprValue exprKind = iota
	exprVariable
	exprCall
)

func (c *checker) exprStatement() {
	kind := c.primary()
	if kind == exprCall {
		return
	}
	for n := 1; ; n++ {
		if kind != exprVariable {
			c.fail("syntax error", c.text)
		}
		if !c.take(",") {
			break
		}
		kind = c.primary()
		if limit := levelsMax - c.level; n > limit {
			c.tooMany(limit, "variables in assignment")
		}
	}
	c.want("=")
	c.exprs()
}

func (c *checker) exprs() {
	c.expr()
	for c.take(",") {
		c.expr()
	}
}

func (c *checker) expr() { c.subexpr(0) }

// priorities of binary operators, left and right.
var priorities = map[token][2]int{
	"+": {6, 6}, "-": {6, 6}, "*": {7, 7}, "/": {7, 7}, "%": {7, 7}, "^": {10, 9}, "..": {5, 4},
	"~=": {3, 3}, "==": {3, 3}, "<": {3, 3}, "<=": {3, 3}, ">": {3, 3}, ">=": {3, 3}, "and": {2, 2}, "or": {1, 1},
}

const unaryPriority = 8

func (c *checker) subexpr(limit int) {
	c.enter()
	switch c.tok {
	case "not", "-", "#":
		c.next()
		c.subexpr(unaryPriority)
	default:
		c.simple()
	}
	for {
		p, ok := priorities[c.tok]
		if !ok || p[0] <= limit {
			break
		}
		c.next()
		c.subexpr(p[1])
	}
	c.leave()
}

func (c *checker) simple() {
	switch c.tok {
	case tokNumber, tokString, "nil", "true", "false":
		c.next()
	case "...":
		if !c.fn.vararg {
			c.fail("cannot use '...' outside a vararg function", c.text)
		}
		c.next()
	case "{":
		c.constructor()
	case "function":
		line := c.line
		c.next()
		c.body(false, line)
	default:
		c.primary()
	}
}

func (c *checker) primary() exprKind {
	kind := exprVariable
	switch line := c.line; c.tok {
	case tokName:
		c.next()
	case "(":
		c.next()
		c.expr()
		c.wantClosing(")", "(", line)
		kind = exprValue
	default:
		c.fail("unexpected symbol", c.text)
	}
	for {
		switch c.tok {
		case ".":
			c.next()
			c.want(tokName)
			kind = exprVariable
		case "[":
			c.index()
			kind = exprVariable
		case ":":
			c.next()
			c.want(tokName)
			c.arguments()
			kind = exprCall
		case "(", tokString, "{":
			c.arguments()
			kind = exprCall
		default:
			return kind
		}
	}
}

func (c *checker) index() {
	c.next()
	c.expr()
	c.want("]")
}

func (c *checker) arguments() {
	line := c.line
	switch c.tok {
	case "(":
		if line != c.last {
			c.fail("ambiguous syntax (function call x new statement)", c.text)
		}
		c.next()
		if c.tok != ")" {
			c.exprs()
		}
		c.wantClosing(")", "(", line)
	case "{":
		c.constructor()
	case tokString:
		c.next()
	default:
		c.fail("function arguments expected", c.text)
	}
}

func (c *checker) constructor() {
	line := c.line
	c.want("{")
	for c.tok != "}" {
		switch {
		case c.tok == tokName && c.look() == "=":
			c.next()
			c.next()
			c.expr()
		case c.tok == "[":
			c.index()
			c.want("=")
			c.expr()
		default:
			c.expr()
		}
		if !c.take(",") && !c.take(";") {
			break
		}
	}
	c.wantClosing("}", "{", line)
}
