package bilan

import (
	"fmt"
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/export"
	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// The media types of exports.
const (
	csvType  = "text/csv; charset=utf-8"
	xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	pdfType  = "application/pdf"
)

// yearForms are what may be added to the path of a year. A segment with a
// variable and an ending is no pattern for the router, so the year's own route
// takes them.
var yearForms = []function.Form{
	{Suffix: ".json", Type: "application/json"}, {Suffix: ".csv", Type: csvType}, {Suffix: ".xlsx", Type: xlsxType}, {Suffix: ".pdf", Type: pdfType},
}

var errNoFormat = fault.New(fault.NotFound, "unknown-format", "Le bilan d’une année existe en .json, .csv, .xlsx et .pdf.")

// export answers the bilan of a year as a file; format is "csv", "xlsx",
// "pdf" or "json". All are made from the one report.
func (s *service) export(w http.ResponseWriter, r *http.Request, yearText, format string) error {
	write, known := map[string]struct {
		mediaType string
		make      func(report.Report) ([]byte, error)
	}{
		"csv": {csvType, export.CSV}, "xlsx": {xlsxType, export.XLSX}, "pdf": {pdfType, s.pdf}, "json": {},
	}[format]
	if !known {
		return errNoFormat
	}
	year, err := s.parseYear(yearText)
	if err != nil {
		return err
	}
	bilan, err := s.report(r.Context(), year)
	if err != nil {
		return err
	}
	if write.make == nil {
		return web.JSON(w, http.StatusOK, bilan)
	}
	file, err := write.make(bilan)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="bilan-%d.%s"`, year, format))
	return web.Raw(w, http.StatusOK, write.mediaType, file)
}

func (s *service) pdf(r report.Report) ([]byte, error) {
	return export.PDF(r, fmt.Sprintf("%s/bilans/%d", s.origin, r.Year))
}
