package report

import (
	"bytes"
	"image/color"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// fontName is the font whose widths the layout uses. A browser may not have it,
// so the files name others of the same widths too.
const (
	fontName      = "font-family:Liberation Sans;"
	fontFallbacks = "font-family:Liberation Sans,Arimo,Helvetica,Arial,sans-serif;"
)

func init() { plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"} }

// Series is one server's values in a chart.
type Series struct {
	Name   string
	Values []float64
}

// palette gives the reference grey and ours the colour; both can be read on
// white and on black.
var palette = []color.Color{
	color.RGBA{0x8c, 0x93, 0x9b, 0xff},
	color.RGBA{0x1f, 0x77, 0xb4, 0xff},
	color.RGBA{0xff, 0x7f, 0x0e, 0xff},
}

type chart struct {
	file string
	save func(path string) error
}

const (
	chartHeight = 3.4 * vg.Inch
	chartWidth  = 7 * vg.Inch
	margin      = 8 // points around the drawing
)

// Bars adds a chart with one group of bars per label, one bar per series.
func (r *Report) Bars(file, title, unit string, labels []string, series ...Series) {
	r.charts = append(r.charts, chart{file, func(path string) error {
		p := newPlot(title, unit)
		width := vg.Points(14)
		for i, s := range series {
			bars, err := plotter.NewBarChart(plotter.Values(s.Values), width)
			if err != nil {
				return err
			}
			bars.Color = palette[i%len(palette)]
			bars.LineStyle.Width = 0
			bars.Offset = width * vg.Length(2*i-len(series)+1) / 2
			p.Add(bars)
			p.Legend.Add(s.Name, bars)
		}
		p.NominalX(labels...)
		p.X.Min, p.X.Max = -0.6, float64(len(labels))-0.4
		tiltLabels(p, labels)
		p.Y.Min = 0
		return save(p, vg.Length(len(labels))*width*vg.Length(len(series)+1)+1.5*vg.Inch, path)
	}})
}

// Lines adds a chart with one line per series over evenly spaced x values:
// value i stands at x = i*step. With log the y axis is logarithmic.
func (r *Report) Lines(file, title, xUnit, yUnit string, step float64, log bool, series ...Series) {
	r.charts = append(r.charts, chart{file, func(path string) error {
		p := newPlot(title, yUnit)
		p.X.Label.Text = xUnit
		if log {
			p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		}
		for i, s := range series {
			line, err := plotter.NewLine(points(s.Values, step, log))
			if err != nil {
				return err
			}
			line.Color, line.Width = palette[i%len(palette)], vg.Points(1.5)
			p.Add(line)
			p.Legend.Add(s.Name, line)
		}
		return save(p, chartWidth, path)
	}})
}

// Curve adds a chart of a function known at named x positions, such as
// percentiles, with a logarithmic y axis.
func (r *Report) Curve(file, title, yUnit string, labels []string, series ...Series) {
	r.charts = append(r.charts, chart{file, func(path string) error {
		p := newPlot(title, yUnit)
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		for i, s := range series {
			line, dots, err := plotter.NewLinePoints(points(s.Values, 1, true))
			if err != nil {
				return err
			}
			line.Color, line.Width = palette[i%len(palette)], vg.Points(1.5)
			dots.Color, dots.Shape = palette[i%len(palette)], draw.CircleGlyph{}
			p.Add(line, dots)
			p.Legend.Add(s.Name, line, dots)
		}
		p.NominalX(labels...)
		return save(p, chartWidth, path)
	}})
}

// newPlot has its legend beside the title, where no line can run through it.
func newPlot(title, unit string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = vg.Points(20)
	p.Y.Label.Text = unit
	p.BackgroundColor = color.White
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	p.Legend.ThumbnailWidth = vg.Points(14)
	p.Legend.YOffs = vg.Points(32)
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	p.Add(grid)
	return p
}

// save draws the plot inside a margin, for the last label may stick out of it.
func save(p *plot.Plot, width vg.Length, path string) error {
	c := vgsvg.New(width, chartHeight)
	all := draw.New(c)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	p.Draw(draw.Crop(all, margin, -3*margin, margin, -margin))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return err
	}
	svg := bytes.ReplaceAll(b.Bytes(), []byte(fontName), []byte(fontFallbacks))
	return os.WriteFile(path, svg, 0o644)
}

// tiltLabels turns the labels when they are too long to stand side by side.
func tiltLabels(p *plot.Plot, labels []string) {
	for _, l := range labels {
		if len(l) > 9 {
			p.X.Tick.Label.Rotation = math.Pi / 6
			p.X.Tick.Label.XAlign = draw.XRight
			p.X.Tick.Label.YAlign = draw.YTop
			return
		}
	}
}

// points pairs the values with their x positions. A logarithmic axis has no
// zero, so nothing is shown below a thousandth of a unit there.
func points(values []float64, step float64, log bool) plotter.XYs {
	xy := make(plotter.XYs, len(values))
	for i, v := range values {
		if log {
			v = max(v, 1e-3)
		}
		xy[i] = plotter.XY{X: float64(i) * step, Y: v}
	}
	return xy
}
