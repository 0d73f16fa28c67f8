resource "aws_sns_topic" "alarms" {
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

locals {
  host     = { InstanceId = aws_instance.host.id }
  database = var.managed_stores ? { DBInstanceIdentifier = aws_db_instance.this[0].identifier } : {}
  recover  = "arn:${local.partition}:automate:${var.region}:ec2:recover"

  # Metric, number of periods of 5 minutes, and the threshold.
  host_alarms = {
    host-unreachable = { namespace = "AWS/EC2", metric = "StatusCheckFailed", statistic = "Maximum", above = 0, periods = 2,
    dimensions = local.host, text = "The host does not answer AWS's own checks." }
    host-hardware = { namespace = "AWS/EC2", metric = "StatusCheckFailed_System", statistic = "Maximum", above = 0, periods = 2,
    dimensions = local.host, text = "AWS's hardware below the host failed: it is moved to other hardware by itself." }
    host-busy = { namespace = "AWS/EC2", metric = "CPUUtilization", statistic = "Average", above = 80, periods = 3,
    dimensions = local.host, text = "The host computes at 80 % for a quarter of an hour." }
    host-disk = { namespace = var.name, metric = "disk_used_percent", statistic = "Maximum", above = 85, periods = 1,
    dimensions = local.host, text = "A disk of the host is 85 % full." }
    host-memory = { namespace = var.name, metric = "mem_used_percent", statistic = "Average", above = 90, periods = 3,
    dimensions = local.host, text = "The host's memory is 90 % used for a quarter of an hour." }
    mail-bounces = { namespace = "AWS/SES", metric = "Reputation.BounceRate", statistic = "Average", above = 0.05, periods = 1,
    dimensions = {}, text = "One message in twenty bounces: SES puts senders under review there." }
    mail-complaints = { namespace = "AWS/SES", metric = "Reputation.ComplaintRate", statistic = "Average", above = 0.001, periods = 1,
    dimensions = {}, text = "One message in a thousand is reported as spam: SES puts senders under review there." }
  }
  database_alarms = {
    database-busy = { namespace = "AWS/RDS", metric = "CPUUtilization", statistic = "Average", above = 80, periods = 3,
    dimensions = local.database, text = "The database computes at 80 % for a quarter of an hour." }
    database-connections = { namespace = "AWS/RDS", metric = "DatabaseConnections", statistic = "Maximum", above = 200, periods = 1,
    dimensions = local.database, text = "More connections than the processes together keep: a leak, or time for PgBouncer." }
  }
  alarms = merge(local.host_alarms, { for key, alarm in local.database_alarms : key => alarm if var.managed_stores })
}

resource "aws_cloudwatch_metric_alarm" "above" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = startswith(each.key, "mail-") ? "notBreaching" : "missing"
  alarm_actions       = concat([aws_sns_topic.alarms.arn], each.key == "host-hardware" ? [local.recover] : [])
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "database_disk" {
  count               = var.managed_stores ? 1 : 0
  alarm_name          = "${var.name}-database-disk"
  alarm_description   = "Less than a tenth of the database's disk is free."
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = local.database
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = var.database_gib * 1024 * 1024 * 1024 / 10
  period              = 300
  evaluation_periods  = 1
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
