# Copy to a file of your own and pass it: terraform apply -var-file=mine.tfvars
domain         = "api.bikerental.example"
mail_domain    = "bikerental.example"
alarm_email    = "operators@bikerental.example"
gitlab_project = "bikerental/bikerental"
