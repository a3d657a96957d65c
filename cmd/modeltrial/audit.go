package main

import (
	"github.com/spf13/cobra"
)

func newAuditCmd(g *global) *cobra.Command {
	return group("audit", "what kinds of work the models do, and what it costs",
		newAuditImportCmd(g), newAuditClassifyCmd(g), newAuditReviewCmd(g), newAuditClustersCmd(g), newAuditScoreCmd(g), newAuditRepriceCmd(g), newAuditReportCmd(g))
}
