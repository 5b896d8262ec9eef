package web

import "strings"

// Cell keeps a spreadsheet from taking what someone typed for a formula, in a
// CSV file (https://owasp.org/www-community/attacks/CSV_Injection).
func Cell(typed string) string {
	if typed != "" && strings.ContainsRune("=+-@\t\r", rune(typed[0])) {
		return "'" + typed
	}
	return typed
}
