package script

import (
	"github.com/yuin/gopher-lua/ast"

	"spindle/resp"
)

// What a chunk may ask of the compiler. gopher-lua's walks over the tree of a chunk by recursion, without a limit: a few megabytes of
// "1+1+1+..." would take more stack than there may be, which ends the process. And it looks constants up one by one, so that a function
// with very many keeps the server from everything else for minutes. Both are far beyond what anybody writes by hand.
const (
	// sourceMax bounds the text of a chunk, in bytes: its tree takes up to a hundred times as much.
	sourceMax = 8 << 20
	// treeDepthMax bounds how deep nodes lie in each other, a chain of operators or of elseif counted by its links.
	treeDepthMax = 5000
	// lookupsMax bounds how many constants the compiler compares for one chunk; it manages a few hundred million a second.
	lookupsMax = 200e6
)

var (
	errSource    resp.Error = "chunk is too large"
	errTreeDepth resp.Error = "chunk has too many syntax levels"
	errConstants resp.Error = "constant table overflow"
)

// checkSize walks over a chunk without recursion.
func checkSize(chunk []ast.Stmt) error {
	w := treeWalk{}
	w.function(chunk, 0)
	for len(w.todo) > 0 {
		n := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if n.depth > treeDepthMax {
			return errTreeDepth
		}
		w.depth, w.fn = n.depth+1, n.fn
		if n.expr != nil {
			w.visitExpr(n.expr)
		} else {
			w.visitStmt(n.stmt)
		}
		if w.lookups > lookupsMax {
			return errConstants
		}
	}
	return nil
}

// treeWalk is a walk over the tree of a chunk.
type treeWalk struct {
	todo    []treeNode
	depth   int // of what is found now
	fn      *constants
	lookups int
}

type treeNode struct {
	expr  ast.Expr
	stmt  ast.Stmt // if expr is nil
	depth int
	fn    *constants
}

// constants are those of one function.
type constants map[string]struct{}

// constant notes the use of a constant, which is looked up among those before it.
func (w *treeWalk) constant(s string) {
	(*w.fn)[s] = struct{}{}
	w.lookups += len(*w.fn)
}

func (w *treeWalk) exprs(list ...ast.Expr) {
	for _, e := range list {
		if e != nil {
			w.todo = append(w.todo, treeNode{expr: e, depth: w.depth, fn: w.fn})
		}
	}
}

func (w *treeWalk) stmts(list []ast.Stmt) {
	for _, s := range list {
		w.todo = append(w.todo, treeNode{stmt: s, depth: w.depth, fn: w.fn})
	}
}

// function goes on in a function, which has constants of its own.
func (w *treeWalk) function(body []ast.Stmt, depth int) {
	w.fn, w.depth = &constants{}, depth
	w.stmts(body)
}

func (w *treeWalk) visitStmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		w.exprs(s.Lhs...)
		w.exprs(s.Rhs...)
	case *ast.LocalAssignStmt:
		w.exprs(s.Exprs...)
	case *ast.FuncCallStmt:
		w.exprs(s.Expr)
	case *ast.DoBlockStmt:
		w.stmts(s.Stmts)
	case *ast.WhileStmt:
		w.exprs(s.Condition)
		w.stmts(s.Stmts)
	case *ast.RepeatStmt:
		w.exprs(s.Condition)
		w.stmts(s.Stmts)
	case *ast.IfStmt:
		w.exprs(s.Condition)
		w.stmts(s.Then)
		w.stmts(s.Else)
	case *ast.NumberForStmt:
		w.exprs(s.Init, s.Limit, s.Step)
		w.stmts(s.Stmts)
	case *ast.GenericForStmt:
		w.exprs(s.Exprs...)
		w.stmts(s.Stmts)
	case *ast.FuncDefStmt:
		w.exprs(s.Name.Func, s.Name.Receiver)
		w.constant(s.Name.Method)
		w.function(s.Func.Stmts, w.depth)
	case *ast.ReturnStmt:
		w.exprs(s.Exprs...)
	}
}

func (w *treeWalk) visitExpr(e ast.Expr) {
	switch e := e.(type) {
	case *ast.NumberExpr:
		w.constant(e.Value)
	case *ast.StringExpr:
		w.constant(e.Value)
	case *ast.IdentExpr:
		w.constant(e.Value)
	case *ast.AttrGetExpr:
		w.exprs(e.Object, e.Key)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			w.exprs(f.Key, f.Value)
		}
	case *ast.FuncCallExpr:
		w.constant(e.Method)
		w.exprs(e.Func, e.Receiver)
		w.exprs(e.Args...)
	case *ast.LogicalOpExpr:
		w.exprs(e.Lhs, e.Rhs)
	case *ast.RelationalOpExpr:
		w.exprs(e.Lhs, e.Rhs)
	case *ast.StringConcatOpExpr:
		w.exprs(e.Lhs, e.Rhs)
	case *ast.ArithmeticOpExpr:
		w.exprs(e.Lhs, e.Rhs)
	case *ast.UnaryMinusOpExpr:
		w.exprs(e.Expr)
	case *ast.UnaryNotOpExpr:
		w.exprs(e.Expr)
	case *ast.UnaryLenOpExpr:
		w.exprs(e.Expr)
	case *ast.FunctionExpr:
		w.function(e.Stmts, w.depth)
	}
}
