data "aws_ami" "debian" {
  count       = var.ami_id == "" ? 1 : 0
  owners      = ["136693071363"] # Debian's own account, as its cloud team publishes it
  most_recent = true
  filter {
    name   = "name"
    values = ["debian-13-${var.architecture}-*"]
  }
}

locals {
  instance_type = var.instance_type != "" ? var.instance_type : var.architecture == "arm64" ? "t4g.large" : "t3.large"
  # What the first start of every host needs.
  boot = {
    name         = var.name
    region       = var.region
    architecture = var.architecture
    topic        = aws_sns_topic.alarms.arn
    logs         = aws_cloudwatch_log_group.hosts.name
    volume       = ""
    profiles     = "web"
    is_group     = local.is_group
  }
}

resource "aws_key_pair" "admin" {
  count      = var.ssh_public_key == "" ? 0 : 1
  key_name   = var.name
  public_key = var.ssh_public_key
}

resource "aws_instance" "host" {
  ami                     = var.ami_id == "" ? data.aws_ami.debian[0].id : var.ami_id
  instance_type           = local.instance_type
  subnet_id               = aws_subnet.public.id
  vpc_security_group_ids  = [aws_security_group.host.id]
  iam_instance_profile    = aws_iam_instance_profile.host.name
  key_name                = one(aws_key_pair.admin[*].key_name)
  disable_api_termination = !var.allow_destroy
  user_data               = templatefile("${path.module}/user-data.sh.tftpl", merge(local.boot, { volume = aws_ebs_volume.data.id, profiles = "worker,beat" }))

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2 # the containers read the role's credentials through one bridge
    instance_metadata_tags      = "disabled"
  }
  root_block_device {
    volume_type = "gp3"
    volume_size = 20
    encrypted   = true
  }
  tags = { Name = var.name }

  lifecycle {
    # A newer image of Debian, or a changed first start, must not replace a host in use.
    ignore_changes = [ami, user_data]
  }
}

# Separate from the host, so that a new host can take over its data.
resource "aws_ebs_volume" "data" {
  availability_zone = local.zones[0]
  type              = "gp3"
  size              = var.data_gib
  encrypted         = true
  tags              = { Name = "${var.name}-data" }

  lifecycle {
    prevent_destroy = true # to remove it, first take this line out by hand
  }
}

resource "aws_volume_attachment" "data" {
  device_name                    = "/dev/sdf"
  instance_id                    = aws_instance.host.id
  volume_id                      = aws_ebs_volume.data.id
  stop_instance_before_detaching = true
}

resource "aws_eip" "host" {
  domain   = "vpc"
  instance = aws_instance.host.id
  tags     = { Name = var.name }
}
