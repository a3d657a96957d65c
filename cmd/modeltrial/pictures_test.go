package main

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	imagedraw "image/draw"
	"image/png"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPictures makes the README's pictures from the demonstration, so that they show what
// the program does: make pictures runs it.
func TestPictures(t *testing.T) {
	folder := os.Getenv("MODELTRIAL_PICTURES")
	if folder == "" {
		t.Skip("SKIPPED: make pictures makes the README's pictures anew")
	}
	for _, tool := range []string{"chromium", "soffice", "pdftoppm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: .ci/install installs it", tool)
		}
	}
	g := &global{dir: filepath.Join(t.TempDir(), "demo")}
	if err := runDemo(t.Context(), g, false, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	report := url.URL{Scheme: "file", Path: filepath.Join(g.dir, "report.html")}
	ctx := browser(t, "chromium")
	_, rating := visitorsPage(t, g)
	for name, address := range map[string]string{"rating": rating, "report": report.String()} {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(1100, 760), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("h1, main"))); err != nil {
			t.Fatal(err)
		}
		screen, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		writePicture(t, filepath.Join(folder, name+".png"), screen)
	}
	writePicture(t, filepath.Join(folder, "workbook.png"), firstSheet(t, filepath.Join(g.dir, "modeltrial.xlsx")))
}

// firstSheet is a picture of a workbook's first sheet as LibreOffice prints it.
func firstSheet(t *testing.T, workbook string) []byte {
	t.Helper()
	made := t.TempDir()
	run := func(name string, args ...string) {
		if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	run("soffice", "-env:UserInstallation=file://"+t.TempDir(), "--headless", "--convert-to", "pdf", "--outdir", made, workbook)
	// All but the footer of an A4 page that lies down.
	run("pdftoppm", "-r", "125", "-l", "1", "-x", "0", "-y", "0", "-W", "1461", "-H", "974", "-singlefile", "-png", filepath.Join(made, "modeltrial.pdf"), filepath.Join(made, "sheet"))
	content, err := os.ReadFile(filepath.Join(made, "sheet.png"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// writePicture writes a picture with 256 of its colours, the frequent and the strong
// before others, and without its white border: small, and to the eye the same.
func writePicture(t *testing.T, path string, content []byte) {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	count, inner := map[color.RGBA]int{}, image.Rectangle{}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			pixel, _ := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA) // the model gives no other
			count[pixel]++
			if pixel != (color.RGBA{255, 255, 255, 255}) {
				inner = inner.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return cmp.Compare(count[b]*chroma(b), count[a]*chroma(a)) })
	var palette color.Palette
	for _, colour := range colours[:min(len(colours), 256)] {
		palette = append(palette, colour)
	}
	const border = 16
	inner = inner.Inset(-border).Intersect(bounds)
	small := image.NewPaletted(inner, palette)
	imagedraw.Draw(small, inner, picture, inner.Min, imagedraw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d KB", path, out.Len()/1024)
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// chroma is how far a colour is from grey, from 1.
func chroma(c color.RGBA) int {
	return 1 + int(max(c.R, c.G, c.B)) - int(min(c.R, c.G, c.B))
}
