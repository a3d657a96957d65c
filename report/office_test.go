package report

import (
	"encoding/csv"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// TestWorkbookInLibreOffice recalculates the workbook in LibreOffice after
// changing its assumptions, and compares with figures computed in Go.
func TestWorkbookInLibreOffice(t *testing.T) {
	office := libreOffice(t)
	path := writeWorkbook(t, fixtureInput())
	file := openWorkbook(t, path)
	want := changed(t, file)
	forgetResults(t, file)
	if err := file.Save(); err != nil {
		t.Fatal(err)
	}
	folder := converted(t, office, path)
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil || len(files) != len(file.GetSheetList()) {
		t.Fatalf("%d sheets converted (%v), want %d", len(files), err, len(file.GetSheetList()))
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A", "Err:5"} {
			if strings.Contains(string(content), bad) {
				t.Errorf("%s holds %s", filepath.Base(name), bad)
			}
		}
	}
	rows := convertedRows(t, folder, sheetReturn)
	for name, want := range want {
		if got := cellOf(t, rows, file, name); !(math.Abs(got-want) <= 0.005) {
			t.Errorf("%s in LibreOffice is %.4f, want %.4f", name, got, want)
		}
	}
}

// libreOffice is the command; a test ends without one, in CI as a failure.
func libreOffice(t *testing.T) (office string) {
	t.Helper()
	office, err := exec.LookPath("soffice")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("soffice is not installed; apt-get install libreoffice-calc")
		}
		t.Skip("SKIPPED: soffice is not installed: the recalculation by LibreOffice is not tested")
	}
	return office
}

// converted has LibreOffice calculate a workbook anew and write each sheet as CSV, and
// gives the folder.
func converted(t *testing.T, office, path string) (folder string) {
	t.Helper()
	folder = filepath.Dir(path)
	// Sheet 0 asks for a file per sheet, written with full precision.
	command := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+t.TempDir(), "--headless",
		"--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1", "--outdir", folder, path)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return folder
}

// convertedRows are the cells of one of those sheets.
func convertedRows(t *testing.T, folder, name string) [][]string {
	t.Helper()
	sheet, err := os.Open(filepath.Join(folder, "report-"+name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sheet.Close() }()
	reader := csv.NewReader(sheet)
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// forgetResults takes the stored results away, which LibreOffice trusts when it
// opens a file, so that it must calculate.
func forgetResults(t *testing.T, file *excelize.File) {
	t.Helper()
	for _, name := range file.GetSheetList() {
		rows, err := file.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			for j := range 20 {
				cell := at(j+1, i+1)
				text, err := file.GetCellFormula(name, cell)
				if err != nil || text == "" {
					continue
				}
				if err := file.SetCellValue(name, cell, nil); err != nil {
					t.Fatal(err)
				}
				if err := file.SetCellFormula(name, cell, text); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
