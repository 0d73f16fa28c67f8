# PostgreSQL and Redis as AWS services, with managed_stores = true.
locals {
  stores = var.managed_stores ? { database = 5432, redis = 6379 } : {}
  # A full broker must refuse messages instead of dropping them. A full cache must drop entries instead of refusing
  # them.
  redis = var.managed_stores ? { broker = "noeviction", cache = "allkeys-lru" } : {}
}

resource "aws_security_group" "store" {
  for_each    = local.stores
  name        = "${var.name}-${each.key}"
  description = "The host alone"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "store" {
  for_each                     = local.stores
  security_group_id            = aws_security_group.store[each.key].id
  referenced_security_group_id = aws_security_group.host.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_db_subnet_group" "this" {
  count      = var.managed_stores ? 1 : 0
  name       = var.name
  subnet_ids = aws_subnet.private[*].id
}

resource "aws_db_parameter_group" "this" {
  count  = var.managed_stores ? 1 : 0
  name   = "${var.name}-postgres17"
  family = "postgres17"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  # No statements and no refused rows in the log: both contain riders' data.
  parameter {
    name  = "log_min_error_statement"
    value = "panic"
  }
  parameter {
    name  = "log_error_verbosity"
    value = "terse"
  }
}

# The service reads the secret, and reads it anew when the database refuses its password. So a rotation is a change of
# database_password: the secret first, then the database.
resource "aws_secretsmanager_secret" "database" {
  count                   = var.managed_stores ? 1 : 0
  name                    = "${var.name}/database"
  recovery_window_in_days = var.allow_destroy ? 0 : 30
}

ephemeral "aws_secretsmanager_random_password" "database" {
  count               = var.managed_stores ? 1 : 0
  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "database" {
  count     = var.managed_stores ? 1 : 0
  secret_id = aws_secretsmanager_secret.database[0].id
  secret_string_wo = jsonencode({
    username = "bikerental"
    password = ephemeral.aws_secretsmanager_random_password.database[0].random_password
  })
  secret_string_wo_version = var.database_password
}

ephemeral "aws_secretsmanager_secret_version" "database" {
  count      = var.managed_stores ? 1 : 0
  secret_id  = aws_secretsmanager_secret_version.database[0].secret_id
  version_id = aws_secretsmanager_secret_version.database[0].version_id
}

resource "aws_db_instance" "this" {
  count                 = var.managed_stores ? 1 : 0
  identifier            = var.name
  engine                = "postgres"
  engine_version        = "17"
  instance_class        = var.database_class
  allocated_storage     = var.database_gib
  max_allocated_storage = var.database_gib * 4
  storage_type          = "gp3"
  storage_encrypted     = true
  db_name               = "bikerental"
  username              = "bikerental"
  # A password that RDS manages itself would exclude read replicas. This one is never in the state either.
  password_wo                  = jsondecode(ephemeral.aws_secretsmanager_secret_version.database[0].secret_string)["password"]
  password_wo_version          = var.database_password
  apply_immediately            = true
  multi_az                     = var.database_multi_az
  db_subnet_group_name         = aws_db_subnet_group.this[0].name
  parameter_group_name         = aws_db_parameter_group.this[0].name
  vpc_security_group_ids       = [aws_security_group.store["database"].id]
  publicly_accessible          = false
  backup_retention_period      = 14
  performance_insights_enabled = true
  deletion_protection          = !var.allow_destroy
  skip_final_snapshot          = var.allow_destroy
  final_snapshot_identifier    = var.allow_destroy ? null : "${var.name}-last"
  copy_tags_to_snapshot        = true
}

resource "aws_db_instance" "replica" {
  count                        = var.managed_stores ? var.database_replicas : 0
  identifier                   = "${var.name}-replica-${count.index}"
  replicate_source_db          = aws_db_instance.this[0].identifier
  instance_class               = var.database_class
  storage_encrypted            = true
  parameter_group_name         = aws_db_parameter_group.this[0].name
  vpc_security_group_ids       = [aws_security_group.store["database"].id]
  publicly_accessible          = false
  performance_insights_enabled = true
  skip_final_snapshot          = true
}

resource "aws_elasticache_subnet_group" "this" {
  count      = var.managed_stores ? 1 : 0
  name       = var.name
  subnet_ids = aws_subnet.private[*].id
}

resource "aws_elasticache_parameter_group" "this" {
  for_each = local.redis
  name     = "${var.name}-${each.key}"
  family   = "redis7"
  parameter {
    name  = "maxmemory-policy"
    value = each.value
  }
}

resource "aws_elasticache_replication_group" "this" {
  for_each                   = local.redis
  replication_group_id       = "${var.name}-${each.key}"
  description                = "${var.name}: ${each.key}"
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = var.redis_class
  num_cache_clusters         = each.key == "broker" || local.is_group ? 2 : 1
  automatic_failover_enabled = each.key == "broker" || local.is_group
  multi_az_enabled           = each.key == "broker" || local.is_group
  parameter_group_name       = aws_elasticache_parameter_group.this[each.key].name
  subnet_group_name          = aws_elasticache_subnet_group.this[0].name
  security_group_ids         = [aws_security_group.store["redis"].id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
}
