package export

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
)

// sample is a published year with the figures of 2023, texts that only good
// exports carry whole, and every optional part.
func sample(t testing.TB) report.Report {
	t.Helper()
	file, err := os.Open("../testdata/bilan-2023.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	r := report.Report{
		Year: 2023, Status: report.Published, AsOf: time.Date(2024, 3, 12, 9, 0, 0, 0, time.UTC), Hash: "5f0c",
		Effects:     map[string]report.Effect{"alliance": {Mean: 4.25, Answers: 1203}, "time_saved": {Mean: 3.5, Answers: 80}, "trust": {Mean: 4, Answers: 1}},
		Territories: []report.Territory{{Code: "46102", Name: "Figeac"}, {Code: "97411", Name: "Saint-Denis"}},
		Corrections: []report.Correction{
			{Figure: "interventions.all", Label: "Interventions", Published: 31, Now: 32, On: "2024-04-02", Reason: "Une intervention à Nîmes, « L’œuvre commune », apprise en avril", FactID: "fact_1"},
			{Figure: "interventions.all", Label: "Interventions", Published: 31, Now: 33, On: "2024-05-01", Reason: "=HYPERLINK(\"x\")", FactID: "fact_2"},
		},
	}
	titles := []string{"Faire vivre l’alliance", "L’art de conduire le changement", "L’ingénierie par et pour les territoires", "Le rayonnement"}
	for i, row := range rows[1:] {
		number, value := whole(t, row[0]), whole(t, row[3])
		if len(r.Chapters) < number {
			r.Chapters = append(r.Chapters, report.Chapter{Number: number, Title: titles[number-1]})
		}
		f := report.Figure{ID: row[2], Section: row[1], Value: value, Unit: "allié·es", Version: 1 + i%2,
			Label:      "Chiffre « " + row[2] + " », l’œuvre d’Élise ; à suivre",
			Definition: "Ce qui est compté, à l’heure de Paris : " + row[5] + ". Un même élément n’est compté qu’une fois."}
		if row[4] == "yes" {
			f.Value, f.Rounded = value+1, "une cinquantaine"
		}
		if i%3 == 0 {
			before := value - 3 + i%7
			f.Previous = &before
		}
		r.Chapters[number-1].Figures = append(r.Chapters[number-1].Figures, f)
	}
	r.Chapters[0].Figures[0].Label = "=1+1, un libellé qui serait une formule"
	return r
}

func whole(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
