resource "aws_ses_domain_identity" "this" {
  domain = var.mail_domain
}

resource "aws_ses_domain_dkim" "this" {
  domain = aws_ses_domain_identity.this.domain
}

# The sender of the envelope is of our domain too, so that SPF agrees with the From line.
resource "aws_ses_domain_mail_from" "this" {
  domain           = aws_ses_domain_identity.this.domain
  mail_from_domain = "mail.${var.mail_domain}"
}

resource "aws_ses_configuration_set" "this" {
  name = var.name
}

# Bounces and complaints are sent to the API, which checks their signature.
resource "aws_sns_topic" "mail" {
  name              = "${var.name}-mail"
  signature_version = 2 # SHA-256
}

data "aws_iam_policy_document" "mail_topic" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.mail.arn]
    principals {
      type        = "Service"
      identifiers = ["ses.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "mail" {
  arn    = aws_sns_topic.mail.arn
  policy = data.aws_iam_policy_document.mail_topic.json
}

resource "aws_ses_event_destination" "mail" {
  name                   = "feedback"
  configuration_set_name = aws_ses_configuration_set.this.name
  enabled                = true
  matching_types         = ["bounce", "complaint", "reject"]
  sns_destination {
    topic_arn = aws_sns_topic.mail.arn
  }
}
