output "address" {
  description = "The address for the domain's A record."
  value       = aws_eip.host.public_ip
}

output "balancer" {
  description = "The name for the domain's CNAME, with several hosts."
  value       = one(aws_lb.this[*].dns_name)
}

output "group" {
  description = "The pipeline's variable STAGING_GROUP or PRODUCTION_GROUP, with several hosts."
  value       = local.is_group ? var.name : null
}

output "instance_id" {
  description = "For `aws ssm start-session --target`."
  value       = aws_instance.host.id
}

output "gitlab_role_arn" {
  description = "The role that the pipeline takes with its token."
  value       = aws_iam_role.gitlab.arn
}

output "mail_dns" {
  description = "DNS records that prove the mail domain."
  value = merge(
    { "mail.${var.mail_domain} MX" = "10 feedback-smtp.${var.region}.amazonses.com",
    "mail.${var.mail_domain} TXT" = "v=spf1 include:amazonses.com ~all" },
    { "_amazonses.${var.mail_domain} TXT" = aws_ses_domain_identity.this.verification_token },
    { for token in aws_ses_domain_dkim.this.dkim_tokens :
    "${token}._domainkey.${var.mail_domain} CNAME" => "${token}.dkim.amazonses.com" },
  )
}

output "settings" {
  description = "The values for .envs/.production. None is secret."
  value = merge({ for secret in aws_secretsmanager_secret.database : "DATABASE_SECRET" => secret.arn }, {
    AWS_STORAGE_BUCKET_NAME = aws_s3_bucket.this["media"].id
    AWS_S3_REGION_NAME      = var.region
    AWS_DEFAULT_REGION      = var.region
    BACKUP_BUCKET           = aws_s3_bucket.this["backups"].id
    EMAIL_URL               = "ses://${var.region}"
    SES_CONFIGURATION_SET   = aws_ses_configuration_set.this.name
    SNS_TOPIC_ARNS          = aws_sns_topic.mail.arn
  }, local.is_group ? { PROMETHEUS_URL = "http://${aws_instance.host.private_ip}:9090" } : {})
}

output "stores" {
  description = "The addresses of RDS and ElastiCache. Empty without managed_stores."
  value = merge(
    { for database in aws_db_instance.this : "database" => database.endpoint },
    { for index, replica in aws_db_instance.replica : "replica_${index}" => replica.endpoint },
    { for key, group in aws_elasticache_replication_group.this : key => group.primary_endpoint_address },
  )
}
