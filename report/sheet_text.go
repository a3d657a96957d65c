package report

// SheetText is text for a cell of a CSV file that people open in a spreadsheet: control
// sequences are taken out, and what would be read as a formula gets an apostrophe.
func SheetText(text string) string { return cell(text) }
