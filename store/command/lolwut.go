package command

import (
	"math"
	"math/rand/v2"
	"strings"

	"spindle/resp"
)

var lolwutCommands = []*Command{
	{Name: "lolwut", Arity: -1, Flags: ReadOnly | Fast, Group: "server", Since: "5.0.0",
		Syntax: "[VERSION=version:integer]", Summary: "Display some computer art and the Redis version",
		Run: lolwutCommand},
}

// lolwutCommand shows the version. Version 5 draws squares that fall out of order, after Georg Nees.
func lolwutCommand(c *Ctx) error {
	last := "Redis ver. " + RedisVersion + "\n"
	args := c.Args[1:]
	if len(args) < 2 || !isToken(args[0], "VERSION") {
		c.Out.Verbatim("txt", last)
		return nil
	}
	version, ok := resp.ParseInt(args[1])
	if !ok {
		return resp.ErrNotInt
	}
	if version != 5 {
		c.Out.Verbatim("txt", last)
		return nil
	}
	size := [3]int64{66, 8, 12} // columns of the terminal, squares in a row, rows
	limit := [3]int64{1000, 200, 200}
	for i := range size {
		if i+2 < len(args) {
			n, ok := resp.ParseInt(args[i+2])
			if !ok {
				return resp.ErrNotInt
			}
			size[i] = min(max(n, 1), limit[i])
		}
	}
	art := drawSchotter(int(size[0]), int(size[1]), int(size[2]), c.S.env.Rand)
	c.Out.Verbatim("txt", art+"\nGeorg Nees - schotter, plotter on paper, 1968. "+last)
	return nil
}

// canvas is a picture of dots.
type canvas struct {
	width, height int
	dots          []bool
}

func (c *canvas) dot(x, y int) {
	if x >= 0 && y >= 0 && x < c.width && y < c.height {
		c.dots[y*c.width+x] = true
	}
}

func (c *canvas) line(x1, y1, x2, y2 int) {
	steps := max(abs(x2-x1), abs(y2-y1), 1)
	for i := range steps + 1 {
		at := float64(i) / float64(steps)
		c.dot(x1+int(math.Round(at*float64(x2-x1))), y1+int(math.Round(at*float64(y2-y1))))
	}
}

func abs(n int) int { return max(n, -n) }

// square draws a turned square around its centre.
func (c *canvas) square(x, y, side, angle float64) {
	radius := math.Round(side / math.Sqrt2)
	var px, py [5]int
	for i := range px {
		a := angle + math.Pi/4 + float64(i)*math.Pi/2
		px[i], py[i] = int(math.Round(math.Sin(a)*radius+x)), int(math.Round(math.Cos(a)*radius+y))
	}
	for i := range 4 {
		c.line(px[i], py[i], px[i+1], py[i+1])
	}
}

// braille returns the picture with two by four dots in each character.
func (c *canvas) braille() string {
	bits := [4][2]rune{{1, 8}, {2, 16}, {4, 32}, {64, 128}}
	var b strings.Builder
	for y := 0; y < c.height; y += 4 {
		for x := 0; x < c.width; x += 2 {
			r := rune(0x2800)
			for dy := range min(4, c.height-y) {
				for dx := range min(2, c.width-x) {
					if c.dots[(y+dy)*c.width+x+dx] {
						r |= bits[dy][dx]
					}
				}
			}
			b.WriteRune(r)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// drawSchotter draws rows of squares; the further down, the less order.
func drawSchotter(columns, perRow, rows int, rng *rand.Rand) string {
	width, padding := columns*2, 0
	if columns > 4 {
		padding = 2
	}
	side := float64(width-padding*2) / float64(perRow)
	height := int(side*float64(rows)) + padding*2
	c := &canvas{width: width, height: height, dots: make([]bool, width*height)}
	for y := range rows {
		disorder := 0.0
		if y > 1 {
			disorder = float64(y) / float64(rows)
		}
		chance := func() float64 { return (rng.Float64()*2 - 1) * disorder }
		for x := range perRow {
			cx := (float64(x)+0.5)*side + float64(padding)
			cy := (float64(y)+0.5)*side + float64(padding)
			angle := chance()
			c.square(cx+chance()*side/3, cy+chance()*side/3, side, angle)
		}
	}
	return c.braille()
}
