package publishing

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// The picture that stands for a resource where its address is shared: its
// title on the colours of the alliance, in the size that the Open Graph
// protocol's readers agree on.
const (
	cardWidth  = 1200
	cardHeight = 630
	cardMargin = 80
)

// The colours are those of the stylesheet: leaf, paper, furrow.
var (
	leaf   = color.RGBA{0x1f, 0x4d, 0x32, 0xff}
	paper  = color.RGBA{0xfa, 0xf6, 0xec, 0xff}
	furrow = color.RGBA{0xa9, 0xbf, 0x88, 0xff}
)

// fonts are the Go fonts, which have every letter of French, read once.
var fonts = sync.OnceValues(func() (bold, regular *opentype.Font) {
	bold, err := opentype.Parse(gobold.TTF)
	if err == nil {
		regular, err = opentype.Parse(goregular.TTF)
	}
	if err != nil {
		panic(err) // they are embedded
	}
	return bold, regular
})

func (s *service) getCard(w http.ResponseWriter, r *http.Request) error {
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	if _, err := visible(item); err != nil {
		return err
	}
	w.Header().Set("ETag", etag(item.Revision))
	w.Header().Set("Cache-Control", "public, max-age=86400")
	if given := r.Header.Get("If-None-Match"); given != "" && matches(given, item.Revision) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	picture, err := card(item.Title, kindLabels[item.Kind])
	if err != nil {
		return err
	}
	return web.Raw(w, http.StatusOK, "image/png", picture)
}

// card draws the picture, as PNG: the title as large as fits in four lines.
func card(title, kind string) ([]byte, error) { return drawn(cardWidth, cardHeight, title, kind) }

// cover draws a square one, as players of podcasts want it.
func cover(title string) ([]byte, error) {
	return drawn(coverSize, coverSize, title, kindLabels[Podcast])
}

func drawn(width, height int, title, kind string) ([]byte, error) {
	ground := image.NewPaletted(image.Rect(0, 0, width, height), shades())
	draw.Draw(ground, ground.Bounds(), image.NewUniform(leaf), image.Point{}, draw.Src)
	draw.Draw(ground, image.Rect(0, height-24, width, height), image.NewUniform(furrow), image.Point{}, draw.Src)
	bold, regular := fonts()
	for _, size := range []float64{84, 72, 60, 50, 42} {
		face, err := opentype.NewFace(bold, &opentype.FaceOptions{Size: size, DPI: 72})
		if err != nil {
			return nil, err
		}
		lines := wrap(face, title, width-2*cardMargin)
		if len(lines) > 4 && size > 42 {
			continue
		}
		for n, line := range lines[:min(len(lines), 6)] {
			write(ground, face, paper, line, height*3/10+int(float64(n)*size*1.2))
		}
		break
	}
	small, err := opentype.NewFace(regular, &opentype.FaceOptions{Size: 32, DPI: 72})
	if err != nil {
		return nil, err
	}
	write(ground, small, furrow, kind, 96)
	write(ground, small, furrow, noAuthors, height-60)
	var out bytes.Buffer
	err = png.Encode(&out, ground)
	return out.Bytes(), err
}

// shades are the few colours between the ground and what is written on it.
func shades() color.Palette {
	palette := color.Palette{leaf, paper, furrow}
	for i := uint32(1); i < 16; i++ {
		for _, ink := range []color.RGBA{paper, furrow} {
			mix := func(a, b uint8) uint8 { return uint8((uint32(a)*(16-i) + uint32(b)*i) / 16) }
			palette = append(palette, color.RGBA{mix(leaf.R, ink.R), mix(leaf.G, ink.G), mix(leaf.B, ink.B), 0xff})
		}
	}
	return palette
}

func write(on draw.Image, face font.Face, ink color.Color, text string, baseline int) {
	drawer := font.Drawer{Dst: on, Src: image.NewUniform(ink), Face: face, Dot: fixed.P(cardMargin, baseline)}
	drawer.DrawString(text)
}

// wrap parts a text in lines that fit, between words, and cuts a word that
// fits in none.
func wrap(face font.Face, text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && font.MeasureString(face, longer).Ceil() > width {
			lines = append(lines, line)
			longer = word
		}
		for font.MeasureString(face, longer).Ceil() > width {
			letters := []rune(longer)
			longer = string(letters[:len(letters)-1])
		}
		line = longer
	}
	return append(lines, line)
}
