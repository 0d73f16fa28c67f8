# The pipeline presents GitLab's signed token instead of a stored key. Its role may open an SSH session with the host
# through SSM, so port 22 stays closed.
locals {
  gitlab_host = trimsuffix(trimprefix(var.gitlab_url, "https://"), "/")
}

# An account has one provider for each GitLab. The first environment makes it, the others find it.
resource "aws_iam_openid_connect_provider" "gitlab" {
  count          = var.account_wide ? 1 : 0
  url            = var.gitlab_url
  client_id_list = [var.gitlab_url]
}

data "aws_iam_openid_connect_provider" "gitlab" {
  count = var.account_wide ? 0 : 1
  url   = var.gitlab_url
}

data "aws_iam_policy_document" "gitlab_trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [one(concat(aws_iam_openid_connect_provider.gitlab[*].arn, data.aws_iam_openid_connect_provider.gitlab[*].arn))]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.gitlab_host}:aud"
      values   = [var.gitlab_url]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.gitlab_host}:sub"
      values   = ["project_path:${var.gitlab_project}:ref_type:branch:ref:${var.gitlab_branch}"]
    }
  }
}

data "aws_iam_policy_document" "gitlab" {
  statement {
    sid     = "SshThroughSsm"
    actions = ["ssm:StartSession"]
    resources = [
      aws_instance.host.arn,
      "arn:${local.partition}:ssm:${var.region}::document/AWS-StartSSHSession",
    ]
    condition {
      test     = "BoolIfExists"
      variable = "ssm:SessionDocumentAccessCheck" # otherwise any other document would be allowed
      values   = ["true"]
    }
  }
  statement {
    sid       = "OwnSessions"
    actions   = ["ssm:TerminateSession", "ssm:ResumeSession"]
    resources = ["arn:${local.partition}:ssm:*:*:session/$${aws:userid}-*"]
  }
  dynamic "statement" {
    for_each = local.is_group ? [1] : []
    content {
      sid       = "NameTheImage"
      actions   = ["ssm:GetParameter", "ssm:PutParameter"]
      resources = [aws_ssm_parameter.image[0].arn, aws_ssm_parameter.healthy_image[0].arn]
    }
  }
  dynamic "statement" {
    for_each = local.is_group ? [1] : []
    content {
      sid       = "ReplaceHosts"
      actions   = ["autoscaling:CancelInstanceRefresh", "autoscaling:StartInstanceRefresh"]
      resources = [for group in aws_autoscaling_group.this : group.arn]
    }
  }
  dynamic "statement" {
    for_each = local.is_group ? [1] : []
    content {
      sid       = "WatchHosts"
      actions   = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeInstanceRefreshes"]
      resources = ["*"] # these actions cannot be limited to resources
    }
  }
}

resource "aws_iam_role" "gitlab" {
  name                 = "${var.name}-gitlab"
  assume_role_policy   = data.aws_iam_policy_document.gitlab_trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "gitlab" {
  name   = "deploy"
  role   = aws_iam_role.gitlab.id
  policy = data.aws_iam_policy_document.gitlab.json
}
