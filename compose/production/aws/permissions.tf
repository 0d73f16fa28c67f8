# The permissions of the host, and so of every container on it.
data "aws_iam_policy_document" "host_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

locals {
  objects = concat(
    [for prefix in local.media_prefixes : "${aws_s3_bucket.this["media"].arn}/${prefix}/*"],
    [for prefix in local.backup_prefixes : "${aws_s3_bucket.this["backups"].arn}/${prefix}/*"],
  )
}

data "aws_iam_policy_document" "host" {
  # Deleting an object keeps its old version, and only the lifecycle may delete versions. So an attacker on the host
  # cannot destroy the backups.
  statement {
    sid       = "Objects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = local.objects
  }
  dynamic "statement" {
    for_each = { media = local.media_prefixes, backups = local.backup_prefixes }
    content {
      sid       = "List${title(statement.key)}"
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.this[statement.key].arn]
      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [for prefix in statement.value : "${prefix}/*"]
      }
    }
  }
  statement {
    sid     = "Mail"
    actions = ["ses:SendEmail", "ses:SendRawEmail"]
    resources = [
      aws_ses_domain_identity.this.arn,
      aws_ses_configuration_set.this.arn,
    ]
    condition {
      test     = "StringLike"
      variable = "ses:FromAddress"
      values   = ["*@${var.mail_domain}"]
    }
  }
  # The permissions that Session Manager's agent needs. Its managed policy would also allow reading parameters.
  statement {
    sid = "SessionManager"
    actions = [
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"] # these actions cannot be limited to resources
  }
}

resource "aws_iam_role" "host" {
  name               = "${var.name}-host"
  assume_role_policy = data.aws_iam_policy_document.host_trust.json
}

resource "aws_iam_role_policy" "host" {
  name   = "host"
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.host.json
}

resource "aws_iam_instance_profile" "host" {
  name = "${var.name}-host"
  role = aws_iam_role.host.name
}
