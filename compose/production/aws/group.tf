# Several hosts, with web_hosts: a balancer that ends TLS, and groups of hosts that are replaced as a whole. The first
# host (host.tf) has the workers and the only clock.
locals {
  is_group = var.web_hosts > 0
  groups   = { for role, size in { web = var.web_hosts, worker = var.worker_hosts } : role => size if local.is_group && size > 0 }
}

# The public subnets of two zones, which the balancer needs.
resource "aws_subnet" "more" {
  count             = local.is_group ? 1 : 0
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, 1)
  availability_zone = local.zones[1]
  tags              = { Name = "${var.name}-public-1" }
}

resource "aws_route_table_association" "more" {
  count          = local.is_group ? 1 : 0
  subnet_id      = aws_subnet.more[0].id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "balancer" {
  count       = local.is_group ? 1 : 0
  name        = "${var.name}-balancer"
  description = "80 and 443 for all"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "balancer" {
  for_each          = local.is_group ? { http = 80, https = 443 } : {}
  security_group_id = aws_security_group.balancer[0].id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_egress_rule" "balancer" {
  count                        = local.is_group ? 1 : 0
  security_group_id            = aws_security_group.balancer[0].id
  referenced_security_group_id = aws_security_group.host.id
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
}

# A stranger who could reach a host beside the balancer could choose the address that the host sees.
resource "aws_vpc_security_group_ingress_rule" "from_balancer" {
  count                        = local.is_group ? 1 : 0
  security_group_id            = aws_security_group.host.id
  description                  = "the balancer"
  referenced_security_group_id = aws_security_group.balancer[0].id
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
}

# Every host sends its figures to the first one's Prometheus, and the console asks it.
resource "aws_vpc_security_group_ingress_rule" "figures" {
  count                        = local.is_group ? 1 : 0
  security_group_id            = aws_security_group.host.id
  description                  = "figures for Prometheus"
  referenced_security_group_id = aws_security_group.host.id
  ip_protocol                  = "tcp"
  from_port                    = 9090
  to_port                      = 9090
}

resource "aws_lb" "this" {
  count                      = local.is_group ? 1 : 0
  name                       = var.name
  load_balancer_type         = "application"
  subnets                    = [aws_subnet.public.id, aws_subnet.more[0].id]
  security_groups            = [aws_security_group.balancer[0].id]
  drop_invalid_header_fields = true
  enable_deletion_protection = !var.allow_destroy
  idle_timeout               = 60
  xff_header_processing_mode = "append" # NUM_PROXIES=2 counts on it
}

resource "aws_lb_target_group" "web" {
  count                = local.is_group ? 1 : 0
  name                 = "${var.name}-web"
  port                 = 80
  protocol             = "HTTP"
  vpc_id               = aws_vpc.this.id
  deregistration_delay = 30 # requests that are open may end
  health_check {
    path                = "/health/ready/"
    matcher             = "200"
    interval            = 5
    timeout             = 4
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "https" {
  count             = local.is_group ? 1 : 0
  load_balancer_arn = aws_lb.this[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web[0].arn
  }
}

resource "aws_lb_listener" "http" {
  count             = local.is_group ? 1 : 0
  load_balancer_arn = aws_lb.this[0].arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

# Which image a host starts. A deploy changes it and then replaces the hosts.
resource "aws_ssm_parameter" "image" {
  count = local.is_group ? 1 : 0
  name  = "/${var.name}/image"
  type  = "String"
  value = var.image
  lifecycle {
    ignore_changes = [value]
  }
}

# The last image with which every host became healthy. A deploy that fails goes back to it, also one that is tried again.
resource "aws_ssm_parameter" "healthy_image" {
  count = local.is_group ? 1 : 0
  name  = "/${var.name}/healthy-image"
  type  = "String"
  value = var.image
  lifecycle {
    ignore_changes = [value]
  }
}

resource "aws_launch_template" "this" {
  for_each               = local.groups
  name                   = "${var.name}-${each.key}"
  image_id               = aws_instance.host.ami
  instance_type          = local.instance_type
  key_name               = one(aws_key_pair.admin[*].key_name)
  user_data              = base64encode(templatefile("${path.module}/user-data.sh.tftpl", merge(local.boot, { profiles = each.key })))
  update_default_version = true
  iam_instance_profile {
    arn = aws_iam_instance_profile.host.arn
  }
  network_interfaces {
    associate_public_ip_address = true
    security_groups             = [aws_security_group.host.id]
  }
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_type = "gp3"
      volume_size = 30
      encrypted   = true
    }
  }
  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-${each.key}", Project = var.name }
  }
}

resource "aws_autoscaling_group" "this" {
  for_each                  = local.groups
  name                      = "${var.name}-${each.key}"
  min_size                  = each.value
  max_size                  = each.value * 2 # a replacement starts the new host before it ends the old one
  desired_capacity          = each.value
  vpc_zone_identifier       = [aws_subnet.public.id, aws_subnet.more[0].id]
  target_group_arns         = each.key == "web" ? [aws_lb_target_group.web[0].arn] : []
  health_check_type         = each.key == "web" ? "ELB" : "EC2"
  health_check_grace_period = 900
  wait_for_capacity_timeout = "0"
  launch_template {
    id      = aws_launch_template.this[each.key].id
    version = "$Latest"
  }
  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 200
  }
}
