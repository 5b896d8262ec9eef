package export

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
)

// sheet is one sheet of the workbook: its head, the width of each column in
// characters, and rows of numbers and texts.
type sheet struct {
	name   string
	head   []string
	widths []float64
	rows   [][]any
}

// XLSX is a workbook: the figures, the effects, the corrections and the
// definitions. Numbers are numbers, in groups of three digits as the reader's
// own spreadsheet parts them.
func XLSX(r report.Report) ([]byte, error) {
	book := excelize.NewFile()
	out, err := fill(book, r)
	if err := errors.Join(err, book.Close()); err != nil {
		return nil, fmt.Errorf("xlsx: %w", err)
	}
	return out, nil
}

func fill(book *excelize.File, r report.Report) ([]byte, error) {
	for i, s := range []sheet{figuresSheet(r), effectsSheet(r), correctionsSheet(r), definitionsSheet(r)} {
		if err := write(book, i, s); err != nil {
			return nil, fmt.Errorf("sheet %s: %w", s.name, err)
		}
	}
	at := r.AsOf.UTC().Format(time.RFC3339)
	if err := book.SetDocProps(&excelize.DocProperties{
		Title: fmt.Sprintf("Bilan %d", r.Year), Creator: "La Fabrique des transitions", Language: "fr-FR", Created: at, Modified: at, Description: r.State(),
	}); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err := book.Write(&out)
	return out.Bytes(), err
}

func figuresSheet(r report.Report) sheet {
	s := sheet{"Chiffres", []string{"Chapitre", "Partie", "Identifiant", "Chiffre", "Valeur", "En mots", "Unité", fmt.Sprintf("Valeur %d", r.Year-1), "Version", "Valeur corrigée"},
		[]float64{10, 26, 38, 60, 10, 20, 22, 14, 9, 16}, nil}
	for _, chapter := range r.Chapters {
		for _, f := range chapter.Figures {
			s.rows = append(s.rows, []any{chapter.Number, report.SectionTitle(f.Section), f.ID, f.Label, f.Value, f.Rounded, f.Unit, number(f.Previous), f.Version, number(corrected(r, f.ID))})
		}
	}
	return s
}

func effectsSheet(r report.Report) sheet {
	s := sheet{"Effets", []string{"Identifiant", "Effet", "Ce que les gens ont noté", "Moyenne (1 à 5)", "Réponses"}, []float64{24, 20, 44, 18, 12}, nil}
	for _, e := range r.NamedEffects() {
		s.rows = append(s.rows, []any{e.Figure(), e.Name, e.Statement, e.Mean, e.Answers})
	}
	return s
}

func correctionsSheet(r report.Report) sheet {
	s := sheet{"Corrections", []string{"Date", "Identifiant", "Chiffre", "Valeur publiée", "Valeur corrigée", "Raison", "Fait"}, []float64{12, 38, 50, 16, 16, 60, 34}, nil}
	for _, c := range r.Corrections {
		s.rows = append(s.rows, []any{c.On, c.Figure, c.Label, c.Published, c.Now, c.Reason, c.FactID})
	}
	return s
}

func definitionsSheet(r report.Report) sheet {
	s := sheet{"Définitions", []string{"Identifiant", "Chiffre", "Ce qui est compté", "Version"}, []float64{38, 50, 110, 9}, nil}
	for _, chapter := range r.Chapters {
		for _, f := range chapter.Figures {
			s.rows = append(s.rows, []any{f.ID, f.Label, f.Definition, f.Version})
		}
	}
	for _, e := range r.NamedEffects() {
		s.rows = append(s.rows, []any{e.Figure(), e.Name, report.EffectDefinition, nil})
	}
	s.rows = append(s.rows, []any{"", "État de l’année", r.State(), nil})
	if r.Hash != "" {
		s.rows = append(s.rows, []any{"", "Empreinte SHA-256", r.Hash, nil})
	}
	return s
}

// number is nil for a cell that stays empty.
func number(n *int) any {
	if n == nil {
		return nil
	}
	return *n
}

// write adds a sheet; a new workbook has one already, which is the first.
func write(book *excelize.File, index int, s sheet) error {
	if index == 0 {
		if err := book.SetSheetName(book.GetSheetName(0), s.name); err != nil {
			return err
		}
	} else if _, err := book.NewSheet(s.name); err != nil {
		return err
	}
	styles, err := newStyles(book)
	if err != nil {
		return err
	}
	if err := book.SetPanes(s.name, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for i, wide := range s.widths {
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		if err := book.SetColWidth(s.name, column, column, wide); err != nil {
			return err
		}
	}
	if err := writeRow(book, s.name, 1, texts(s.head), func(any) int { return styles.head }); err != nil {
		return err
	}
	for i, row := range s.rows {
		if err := writeRow(book, s.name, i+2, row, styles.of); err != nil {
			return err
		}
	}
	return nil
}

func texts(list []string) (cells []any) {
	for _, text := range list {
		cells = append(cells, text)
	}
	return cells
}

func writeRow(book *excelize.File, sheet string, row int, values []any, style func(any) int) error {
	for i, value := range values {
		cell, err := excelize.CoordinatesToCellName(i+1, row)
		if err != nil {
			return err
		}
		if err := book.SetCellValue(sheet, cell, value); err != nil {
			return err
		}
		if err := book.SetCellStyle(sheet, cell, cell, style(value)); err != nil {
			return err
		}
	}
	return nil
}

// styles are the ids of how cells look.
type styles struct{ head, text, whole, mean int }

func newStyles(book *excelize.File) (s styles, err error) {
	top := &excelize.Alignment{Vertical: "top", WrapText: true}
	for _, made := range []struct {
		id    *int
		style *excelize.Style
	}{
		{&s.head, &excelize.Style{Font: &excelize.Font{Bold: true, Color: "FFFFFF"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4D32"}}, Alignment: top}},
		{&s.text, &excelize.Style{Alignment: top}},
		{&s.whole, &excelize.Style{NumFmt: wholeFormat, Alignment: top}},
		{&s.mean, &excelize.Style{NumFmt: meanFormat, Alignment: top}},
	} {
		if *made.id, err = book.NewStyle(made.style); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Built-in formats of numbers, "#,##0" and "0.00": each spreadsheet writes them
// in the way of its reader's country (ECMA-376, part 1, 18.8.30).
const (
	wholeFormat = 3
	meanFormat  = 2
)

func (s styles) of(value any) int {
	switch value.(type) {
	case int:
		return s.whole
	case float64:
		return s.mean
	}
	return s.text
}
