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
  dynamic "statement" {
    for_each = var.managed_stores ? [1] : []
    content {
      sid       = "DatabaseSecret"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.database[0].arn]
    }
  }
  # The settings of a group's hosts. A host alone keeps them on its data disk.
  dynamic "statement" {
    for_each = local.is_group ? [1] : []
    content {
      sid       = "Settings"
      actions   = ["ssm:GetParameter", "ssm:GetParametersByPath"]
      resources = ["arn:${local.partition}:ssm:${var.region}:${local.account}:parameter/${var.name}/*"]
    }
  }
  statement {
    sid       = "Alarm"
    actions   = ["sns:Publish"] # a first start that fails says so
    resources = [aws_sns_topic.alarms.arn]
  }
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.hosts.arn}:*"]
  }
  statement {
    sid       = "HostMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # this action cannot be limited to resources
    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.name]
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
